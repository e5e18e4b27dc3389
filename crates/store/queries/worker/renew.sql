-- Extends the lease of worker $1, unless it was ended: then it has to register anew. Notes how many slots
-- are busy ($3), and outcomes that came too late since it was last told ($5). Returns how many workers are live.
with renewed as (
    update task_worker
    set lease_until = now() + $2 * interval '1 millisecond', seen_at = now(), busy = $3, draining = $4,
        stale_writes = stale_writes + $5
    where id = $1 and ended_at is null
    returning id
)
insert into task_worker_load (start, worker_id, told, busy_sum, busy_max)
select date_bin('1 minute', now(), 'epoch'), id, 1, $3, $3 from renewed
on conflict (start, worker_id) do update
set told = task_worker_load.told + 1, busy_sum = task_worker_load.busy_sum + excluded.busy_sum,
    busy_max = greatest(task_worker_load.busy_max, excluded.busy_max)
returning (select count(*)::integer from task_worker where ended_at is null)
