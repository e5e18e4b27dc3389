-- Adds events older than $1 seconds to the counts and removes them.
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
    order by lane_id, status
),
folded as (
    insert into task_count (lane_id, status, n)
    select lane_id, status, n from delta
    on conflict (lane_id, status) do update set n = task_count.n + excluded.n
)
select count(*) from gone
