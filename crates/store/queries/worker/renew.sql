-- Extends the lease of worker $1, unless it was ended: then it has to register anew.
update task_worker
set lease_until = now() + $2 * interval '1 millisecond', seen_at = now(), busy = $3, draining = $4
where id = $1 and ended_at is null
