-- $1 tasks that are due tomorrow.
with input as materialized (
    select nextval('task_id_seq') as id, l.id as lane_id, now() as at, now() + interval '1 day' as run_at
    from generate_series(1, $1) n
    cross join (select id from task_lane where type = 'simulate' limit 1) l
),
stored as (
    insert into task (id, created_at, lane_id, retries, run_at, name, payload)
    select id, at, lane_id, 3, run_at, 'later ' || id, '{}' from input
),
delayed as (
    insert into task_delayed (task_id, created_at, run_at, lane_id, attempt, failures, version, crashes, status)
    select id, at, run_at, lane_id, 0, 0, 1, 0, 0 from input
),
counted as (
    insert into task_count (lane_id, status, n)
    select lane_id, 0, count(*) from input group by lane_id
)
insert into task_history (task_id, version, attempt, status, run_at)
select id, 1, 0, 0, run_at from input
