-- The tasks $1 to $2. Of 20, 16 wait, one waits for a retry, and three have ended in the three ways.
-- The first hundred run.
with input as materialized (
    select n as id, (n / 20 % 8 + 1)::integer as lane_id,
        now() - interval '1 day' + n * interval '1 millisecond' as at,
        case when n <= 100 then 1 else (array[3, 4, 5, 2])[n % 20 + 1] end as status
    from generate_series($1::bigint, $2::bigint) n
),
stored as (
    insert into task (id, created_at, lane_id, retries, name, payload)
    select id, at, lane_id, 3, 'task ' || id, '{"note": "a small payload"}' from input
),
ready as (
    insert into task_ready (line_at, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
    select at, id, at, lane_id, 0, 0, 1, 0, 0 from input where status is null
),
delayed as (
    insert into task_delayed (task_id, created_at, run_at, lane_id, attempt, failures, version, crashes, status)
    select id, at, now() + interval '1 day', lane_id, 1, 1, 3, 0, 2 from input where status = 2
),
running as (
    insert into task_running (task_id, epoch, worker_id, created_at, lane_id, attempt, failures, version, crashes)
    select id, 1, 0, at, lane_id, 1, 0, 2, 0 from input where status = 1
),
finished as (
    insert into task_finished (task_id, created_at, lane_id, attempt, version, status)
    select id, at, lane_id, 1, 3, status from input where status >= 3
),
counted as (
    insert into task_count (lane_id, status, n)
    select lane_id, coalesce(status, 0), count(*) from input group by 1, 2
    on conflict (lane_id, status) do update set n = task_count.n + excluded.n
)
insert into task_history (task_id, version, attempt, status, created_at)
select id, v, case when v = 1 then 0 else 1 end, case v when 1 then 0 when 2 then 1 else status end, at
from input cross join generate_series(1, 3) v
where v = 1 or (v = 2 and status is not null) or (v = 3 and status >= 2)
