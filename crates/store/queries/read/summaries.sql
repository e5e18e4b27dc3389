select t.id, t.created_at, t.lane_id, t.retries, t.name,
    h.version, h.attempt, h.status, h.worker_id, h.created_at as updated_at, h.run_at
from unnest($1::bigint[]) as asked(id)
join task t on t.id = asked.id
cross join lateral (
    select * from task_history h where h.task_id = t.id order by h.version desc limit 1
) h
