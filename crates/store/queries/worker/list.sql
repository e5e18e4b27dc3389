-- The live workers, each with how often one of its name was lost in the last day.
select w.id, w.name, w.version, w.host, w.types, w.queues, w.slots, w.busy, w.draining, w.started_at, w.seen_at,
    coalesce(l.losses, 0)::integer as losses
from task_worker w
left join (
    select name, count(*) as losses from task_worker
    where end_reason in ('lease ran out', 'its session ended') and ended_at > now() - interval '1 day'
    group by name
) l on l.name = w.name
where w.ended_at is null and w.lease_until > now() - interval '5 seconds'
order by w.id
limit 10000
