-- How long tasks of lanes $3 (all, where null) waited (what = 0) and ran (what = 1) since $2, in steps of
-- $1 minutes: a histogram for each step, and one for each lane.
with recent as materialized (
    select id, lane_id, created_at, to_status, task_ids, versions
    from task_event
    where created_at >= $2 and (to_status = 1 or (from_status = 1 and to_status <> 0))
        and ($3::integer[] is null or lane_id = any($3))
),
-- What is not folded yet is looked at here, whatever its rate: some hundred of its statements.
every as (
    select greatest(1, count(*) / 500)::integer as n from recent
),
took as (
    select start, lane_id, what, bucket, n
    from task_duration
    where step_minutes = $1 and start >= $2 and ($3::integer[] is null or lane_id = any($3))
    union all
    select date_bin($1 * interval '1 minute', r.created_at, 'epoch'), r.lane_id,
        case when r.to_status = 1 then 0 else 1 end,
        floor(4 * ln(greatest(1, extract(epoch from h.took) * 1000000)::float8) / ln(2::float8)), s.stands * every.n
    from recent r
    join every on r.id % every.n = 0
    cross join lateral task_sampled(r.task_ids, r.versions) s
    cross join lateral (
        select h.created_at - greatest(before.created_at, before.run_at) as took
        from task_history h, task_history before
        where h.task_id = s.task_id and h.version = s.version
            and before.task_id = s.task_id and before.version = s.version - 1
        offset 0
    ) h
)
select start, lane_id, what::smallint, bucket::smallint as bucket, sum(n)::bigint as n
from took
group by grouping sets ((start, what, bucket), (lane_id, what, bucket))
