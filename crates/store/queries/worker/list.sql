select id, name, version, types, queues, slots, busy, draining, started_at, seen_at
from task_worker
where ended_at is null and lease_until > now() - interval '5 seconds'
order by id
limit 10000
