-- $1 tasks that it runs.
with input as materialized (
    select nextval('task_id_seq') as id, l.id as lane_id, w.id as worker_id, now() as at
    from generate_series(1, $1) n
    cross join (select id from task_lane where type = 'simulate' limit 1) l
    cross join (select id from task_worker where name = 'long') w
),
stored as (
    insert into task (id, created_at, lane_id, retries, name, payload)
    select id, at, lane_id, 3, 'long ' || id, '{}' from input
),
running as (
    insert into task_running (task_id, epoch, worker_id, created_at, lane_id, attempt, failures, version, crashes)
    select id, worker_id << 32, worker_id, at, lane_id, 1, 0, 2, 0 from input
),
counted as (
    insert into task_count (lane_id, status, n)
    select lane_id, 1, count(*) from input group by lane_id
)
insert into task_history (task_id, version, attempt, status, worker_id)
select id, v, v - 1, v - 1, case when v = 2 then worker_id end from input cross join generate_series(1, 2) v
