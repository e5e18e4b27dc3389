-- Ends the workers whose lease has run out. After a restart of Postgres, live workers first get
-- the time to renew: a lease that ran out while nobody could renew it proves nothing.
update task_worker
set ended_at = now(), end_reason = 'lease ran out'
where id in (
    select id from task_worker
    where ended_at is null and lease_until < now()
        and pg_postmaster_start_time() < now() - $1 * interval '1 millisecond'
    for update skip locked
)
returning id
