select h.task_id, h.version, h.status, h.attempt, h.worker_id, w.name as worker_name, h.created_at, h.run_at,
    h.details, null::text as result
from unnest($1::bigint[], $2::integer[]) as asked(task_id, version)
join task_history h on h.task_id = asked.task_id and h.version > asked.version
left join task_worker w on w.id = h.worker_id
order by h.task_id, h.version
