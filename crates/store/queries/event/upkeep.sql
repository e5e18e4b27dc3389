-- One round of upkeep: adds events older than $1 seconds to the counts and removes them, and ends the
-- workers whose lease has run out. Returns how many events were folded, which workers ended, and how many
-- were live before.
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
-- Only where $2 says that the caller has been here all along, for as long as a lease lasts: one that
-- ran out while the database was away, or stood still, proves nothing.
lost as (
    update task_worker
    set ended_at = now(), end_reason = 'lease ran out'
    where id in (
        select id from task_worker
        where $2 and ended_at is null and lease_until < now()
        for update skip locked
    )
    returning id
)
select (select count(*) from gone) as folded, array(select id from lost) as lost,
    (select count(*) from task_worker where ended_at is null)::integer as workers
