-- Spreads what was counted just now over the hour before, as if it had happened then, in waves, so that
-- charts have something to draw. For pictures only: the sums stay what they are.
create function pg_temp.ago() returns interval language sql volatile as $$
select make_interval(mins => greatest(0, least(58, floor(58 * u + 3 * sin(u * 12))))::int)
from (select random() as u) chosen
$$;

with moved as (delete from task_rollup where step_minutes = 1 returning *),
each as (select moved.*, start - pg_temp.ago() as at from moved cross join lateral generate_series(1, n))
insert into task_rollup (step_minutes, start, lane_id, from_status, to_status, n)
select step_minutes, at, lane_id, from_status, to_status, count(*) from each group by 1, 2, 3, 4, 5;

with moved as (delete from task_duration where step_minutes = 1 returning *),
each as (select moved.*, start - pg_temp.ago() as at from moved cross join lateral generate_series(1, n))
insert into task_duration (step_minutes, start, lane_id, what, bucket, n)
select step_minutes, at, lane_id, what, bucket, count(*) from each group by 1, 2, 3, 4, 5;

insert into task_worker_load (start, worker_id, told, busy_sum, busy_max)
select start - make_interval(mins => minute), worker_id, 60,
    60 * floor(slots * load)::int, ceil(slots * load)::int
from (
    select distinct on (l.worker_id) l.start, l.worker_id, w.slots
    from task_worker_load l join task_worker w on w.id = l.worker_id order by l.worker_id, l.start
) newest
cross join generate_series(1, 58) minute
cross join lateral (select 0.45 + 0.3 * sin(worker_id + minute / 6.0) + 0.15 * random() as load) chosen
on conflict do nothing;
