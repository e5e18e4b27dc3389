-- Cancels those of tasks $1 that wait or run. Returns which were cancelled, and whether any was running.
-- One that is missing has ended, or it moved while this statement ran.
with t as materialized (
    -- In one order everywhere, so that two statements on the same tasks cannot deadlock.
    select id, lane_id, created_at from task where id = any($1::bigint[]) order by id
),
ready as (
    -- In line by its creation, or put back; each is found by an index of its own.
    delete from task_ready r
    where r.ctid = any(array(
        select f.ctid from t cross join lateral (
            select ctid from task_ready
            where lane_id = t.lane_id and line_at = t.created_at and task_id = t.id
            offset 0
        ) f
        union all
        select p.ctid from t cross join lateral (
            select ctid from task_ready
            where lane_id = t.lane_id and status in (0, 2) and created_at = t.created_at and task_id = t.id
                and line_at <> created_at
            offset 0
        ) p
    ))
    returning r.task_id, r.lane_id, r.created_at, r.attempt, r.version, r.status, null::bigint as worker_id
),
delayed as (
    delete from task_delayed d using t
    where d.lane_id = t.lane_id and d.status in (0, 2) and d.created_at = t.created_at and d.task_id = t.id
    returning d.task_id, d.lane_id, d.created_at, d.attempt, d.version, d.status, null::bigint as worker_id
),
running as (
    delete from task_running r using t where r.task_id = t.id
    returning r.task_id, r.lane_id, r.created_at, r.attempt, r.version, 1::smallint as status, r.worker_id
),
gone as (
    select * from ready union all select * from delayed union all select * from running
),
finished as (
    insert into task_finished (task_id, created_at, lane_id, attempt, version, status)
    select task_id, created_at, lane_id, attempt, version + 1, 5 from gone
),
history as (
    insert into task_history (task_id, version, attempt, status, worker_id, details)
    select task_id, version + 1, attempt, 5, worker_id, $2 from gone
),
event as (
    insert into task_event (lane_id, from_status, to_status, n, task_ids, versions)
    select lane_id, status, 5, count(*), array_agg(task_id), array_agg(version + 1) from gone group by lane_id, status
)
select coalesce(array_agg(task_id), '{}'), coalesce(bool_or(worker_id is not null), false) from gone
