-- One round of upkeep: adds events older than $1 seconds to the counts and removes them, and ends the
-- workers whose lease has run out. Returns how many events were folded, which workers ended, how many
-- were live before and how many tasks they told of, and the numbers of the newest event and worker.
with gone as (
    delete from task_event
    where id = any(array(
        select id from task_event where created_at < now() - $1 * interval '1 second'
        order by id limit 20000
        for update skip locked
    ))
    returning lane_id, from_status, to_status, n
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
