-- Makes sure that these lanes exist, unless there would be more than $4: then it adds none. Read them back
-- with find_lanes: a row that another transaction has just added is not returned here. Those that run at
-- the same time do not see each other's, so that there may come to be a few more than $4.
with new as (
    select distinct queue, type, priority
    from unnest($1::text[], $2::text[], $3::integer[]) as l(queue, type, priority)
    where not exists (
        select from task_lane k where k.type = l.type and k.queue = l.queue and k.priority = l.priority
    )
)
insert into task_lane (queue, type, priority)
select queue, type, priority from new
where (select count(*) from task_lane) + (select count(*) from new) <= $4
order by type, queue, priority
on conflict do nothing
