insert into task_worker (name, version, types, queues, slots, lease_until, host)
values ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond', $7)
returning id
