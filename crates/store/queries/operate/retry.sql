-- Puts those of tasks $1 that have ended back in line, with all their retries; attempt numbers go on.
-- Returns which were.
with t as materialized (
    -- In one order everywhere, so that two statements on the same tasks cannot deadlock.
    select id, lane_id, created_at from task where id = any($1::bigint[]) order by id
),
gone as (
    delete from task_finished f using t
    where f.lane_id = t.lane_id and f.status in (3, 4, 5) and f.created_at = t.created_at and f.task_id = t.id
    returning f.*
),
ready as (
    insert into task_ready (line_at, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
    select now(), task_id, created_at, lane_id, attempt, 0, version + 1, 0, 0 from gone
),
history as (
    insert into task_history (task_id, version, attempt, status, details)
    select task_id, version + 1, attempt, 0, $2 from gone
),
event as (
    insert into task_event (lane_id, from_status, to_status, n, task_ids, versions)
    select lane_id, status, 0, count(*), array_agg(task_id), array_agg(version + 1) from gone group by lane_id, status
)
select coalesce(array_agg(task_id), '{}') from gone
