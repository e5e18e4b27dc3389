select h.task_id, h.version, h.status, h.attempt, h.worker_id, w.name as worker_name, h.created_at, h.run_at,
    h.details, h.result
from task_history h
left join task_worker w on w.id = h.worker_id
where h.task_id = $1 and h.version > $2
order by h.version
limit $3
