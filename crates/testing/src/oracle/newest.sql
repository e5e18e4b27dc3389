-- The newest history row tells where its task stands. A waiting task may have one attempt less than
-- its history shows: put back without a failure, an attempt is not spent.
select format('task %s: %s says %s, version %s, attempt %s, worker %s; history says %s, version %s, attempt %s, worker %s',
    p.task_id, p.place, task_status(p.status), p.version, p.attempt, coalesce(p.worker_id::text, 'none'),
    task_status(h.status), h.version, h.attempt, coalesce(h.worker_id::text, 'none'))
from (
    select task_id, status, version, attempt, null::bigint as worker_id, 'task_ready' as place from task_ready
    union all select task_id, status, version, attempt, null, 'task_delayed' from task_delayed
    union all select task_id, 1::smallint, version, attempt, worker_id, 'task_running' from task_running
    union all select task_id, status, version, attempt, null, 'task_finished' from task_finished
) p
join lateral (
    select status, version, attempt, worker_id from task_history h
    where h.task_id = p.task_id order by version desc limit 1
) h on true
where h.status <> p.status or h.version <> p.version
    or case
        when p.status = 0 then h.attempt - p.attempt not between 0 and 1
        else h.attempt <> p.attempt
    end
    or (p.status = 1 and h.worker_id is distinct from p.worker_id)
order by p.task_id limit 10
