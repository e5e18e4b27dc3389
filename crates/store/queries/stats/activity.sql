-- How often tasks of lanes $3 (all, where null) changed since $2, in steps of $1 minutes: once for each
-- step, and once for each lane.
with moved as (
    select start, lane_id, from_status, to_status, n
    from task_rollup
    where step_minutes = $1 and start >= $2 and ($3::integer[] is null or lane_id = any($3))
    union all
    -- Those that are not folded yet.
    select date_bin($1 * interval '1 minute', created_at, 'epoch'), lane_id, coalesce(from_status, -1), to_status, n
    from task_event
    where created_at >= $2 and ($3::integer[] is null or lane_id = any($3))
)
select start, lane_id, from_status::smallint, to_status::smallint, sum(n)::bigint as n
from moved
group by grouping sets ((start, from_status, to_status), (lane_id, from_status, to_status))
