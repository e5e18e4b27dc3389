-- A week of statistics, as folding leaves them: each lane busy all the time, with errors of fifty kinds.
with step(minutes, back) as (
    values (1::smallint, interval '3 hours'), (15::smallint, interval '2 days'), (60::smallint, interval '7 days')
),
time as (
    select minutes, at from step cross join generate_series(
        date_bin(minutes * interval '1 minute', now() - back, 'epoch'), now(), minutes * interval '1 minute'
    ) at
),
rolled as (
    insert into task_rollup (step_minutes, start, lane_id, from_status, to_status, n)
    select t.minutes, t.at, l.id, c.before, c.after, 100
    from time t cross join task_lane l
    cross join (values (-1, 0), (0, 1), (1, 2), (2, 1), (1, 3), (1, 4), (0, 5)) c(before, after)
),
measured as (
    insert into task_duration (step_minutes, start, lane_id, what, bucket, n)
    select t.minutes, t.at, l.id, what, bucket, 10
    from time t cross join task_lane l cross join generate_series(0, 1) what cross join generate_series(40, 80, 4) bucket
)
insert into task_error (start, type, pattern, example, n, first_at, last_at, last_task_id)
select t.at, l.type, 'error ' || n, 'error ' || n, n, t.at, t.at, 1
from time t cross join (select distinct type from task_lane) l cross join generate_series(1, 50) n
where t.minutes = 60
