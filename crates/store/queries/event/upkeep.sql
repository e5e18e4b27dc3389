-- One round of upkeep: adds events older than $1 seconds to the counts and the statistics and removes
-- them, at most $3 at a time, and ends the workers whose lease has run out. Returns how many events were folded, which workers
-- ended, how many were live before and how many tasks they told of, and the numbers of the newest event
-- and worker.
with gone as materialized (
    delete from task_event
    where id = any(array(
        select id from task_event where created_at < now() - $1 * interval '1 second'
        order by id limit $3
        for update skip locked
    ))
    returning lane_id, from_status, to_status, n, created_at, task_ids, versions
),
delta as (
    select lane_id, status, sum(n) as n
    from (
        select lane_id, to_status as status, n from gone
        union all
        select lane_id, from_status, -n from gone where from_status is not null
    ) d
    group by lane_id, status
    -- In one order everywhere, so that two rounds at once cannot deadlock.
    order by lane_id, status
),
folded as (
    insert into task_count (lane_id, status, n)
    select lane_id, status, n from delta
    on conflict (lane_id, status) do update set n = task_count.n + excluded.n
),
step(minutes) as (
    values (1::smallint), (15::smallint), (60::smallint)
),
rolled as (
    insert into task_rollup (step_minutes, start, lane_id, from_status, to_status, n)
    select s.minutes, date_bin(s.minutes * interval '1 minute', g.created_at, 'epoch'), g.lane_id,
        coalesce(g.from_status, -1), g.to_status, sum(g.n)
    from gone g cross join step s
    group by 1, 2, 3, 4, 5
    order by 1, 2, 3, 4, 5
    on conflict (step_minutes, start, lane_id, from_status, to_status) do update
    set n = task_rollup.n + excluded.n
),
-- A sample of the attempts that started or ended, with how long the state before had lasted. One that was
-- put back tells nothing of how long its like run.
sampled as materialized (
    select g.lane_id, g.created_at, g.to_status, s.stands, s.task_id, h.took, h.details
    from gone g
    cross join lateral task_sampled(g.task_ids, g.versions) s
    cross join lateral (
        select h.created_at - greatest(before.created_at, before.run_at) as took, h.details
        from task_history h, task_history before
        where h.task_id = s.task_id and h.version = s.version
            and before.task_id = s.task_id and before.version = s.version - 1
        offset 0
    ) h
    where g.to_status = 1 or (g.from_status = 1 and g.to_status <> 0)
),
measured as (
    insert into task_duration (step_minutes, start, lane_id, what, bucket, n)
    select s.minutes, date_bin(s.minutes * interval '1 minute', m.created_at, 'epoch'), m.lane_id,
        case when m.to_status = 1 then 0 else 1 end,
        floor(4 * ln(greatest(1, extract(epoch from m.took) * 1000000)::float8) / ln(2::float8)), sum(m.stands)
    from sampled m cross join step s
    group by 1, 2, 3, 4, 5
    order by 1, 2, 3, 4, 5
    on conflict (step_minutes, start, lane_id, what, bucket) do update
    set n = task_duration.n + excluded.n
),
failed as (
    select date_bin('1 hour', f.created_at, 'epoch') as start, l.type, task_error_pattern(f.details) as pattern,
        (array_agg(left(f.details, 1000) order by f.created_at desc))[1] as example, sum(f.stands) as n,
        min(f.created_at) as first_at, max(f.created_at) as last_at,
        (array_agg(f.task_id order by f.created_at desc))[1] as task_id,
        row_number() over (
            partition by date_bin('1 hour', f.created_at, 'epoch'), l.type order by sum(f.stands) desc
        ) as place
    from sampled f join task_lane l on l.id = f.lane_id
    where f.to_status in (2, 4)
    group by 1, 2, 3
),
-- No more than some hundreds of groups for each type and hour, whatever the errors say.
grouped as (
    select f.start, f.type,
        case
            when exists (
                select from task_error e where e.start = f.start and e.type = f.type and e.pattern = f.pattern
            ) then f.pattern
            when f.place <= 100 and (
                select count(*) from task_error e where e.start = f.start and e.type = f.type
            ) < 200 then f.pattern
            else 'other errors'
        end as pattern,
        f.example, f.n, f.first_at, f.last_at, f.task_id
    from failed f
),
told as (
    insert into task_error (start, type, pattern, example, n, first_at, last_at, last_task_id)
    select start, type, pattern, (array_agg(coalesce(example, '') order by last_at desc))[1], sum(n), min(first_at),
        max(last_at), (array_agg(task_id order by last_at desc))[1]
    from grouped
    group by start, type, pattern
    order by start, type, pattern
    on conflict (start, type, pattern) do update
    set n = task_error.n + excluded.n, first_at = least(task_error.first_at, excluded.first_at),
        example = case when excluded.last_at >= task_error.last_at then excluded.example else task_error.example end,
        last_task_id = case
            when excluded.last_at >= task_error.last_at then excluded.last_task_id else task_error.last_task_id
        end,
        last_at = greatest(task_error.last_at, excluded.last_at)
),
-- Only where the caller has been here all along, for $2 ms, for as long as the lease lasts: one that ran
-- out while the database was away, or stood still, proves nothing.
lost as (
    update task_worker
    set ended_at = now(), end_reason = 'lease ran out'
    where id in (
        select id from task_worker
        where ended_at is null and lease_until < now()
            and lease_until - seen_at <= $2 * interval '1 millisecond'
        for update skip locked
    )
    returning id
)
select (select count(*) from gone) as folded, array(select id from lost) as lost, w.workers, w.busy,
    (select last_value from task_event_id_seq) as event, w.newest
from (
    select count(*)::integer as workers, coalesce(sum(busy), 0) as busy, coalesce(max(id), 0) as newest
    from task_worker where ended_at is null
) w
