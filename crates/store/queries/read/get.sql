select t.id, t.created_at, t.lane_id, t.retries, t.name,
    h.version, h.attempt, h.status, h.worker_id, h.created_at as updated_at, h.run_at, h.details, h.result,
    t.payload, t.timeout_ms, t.backoff_initial_ms, t.backoff_max_ms, t.labels::text as labels, t.idempotency_key,
    w.name as worker_name
from task t
cross join lateral (
    select * from task_history h where h.task_id = t.id order by h.version desc limit 1
) h
left join lateral (
    select a.worker_id from task_history a
    where a.task_id = t.id and a.worker_id is not null order by a.version desc limit 1
) a on true
left join task_worker w on w.id = coalesce(h.worker_id, a.worker_id)
where t.id = $1
