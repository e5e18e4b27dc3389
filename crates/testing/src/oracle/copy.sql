-- What a relation repeats of its task is what the task says.
select format('task %s: %s has lane %s and creation %s, the task has lane %s and creation %s',
    t.id, p.place, p.lane_id, p.created_at, t.lane_id, t.created_at)
from (
    select task_id, lane_id, created_at, 'task_ready' as place from task_ready
    union all select task_id, lane_id, created_at, 'task_delayed' from task_delayed
    union all select task_id, lane_id, created_at, 'task_running' from task_running
    union all select task_id, lane_id, created_at, 'task_finished' from task_finished
) p
join task t on t.id = p.task_id
where (p.lane_id, p.created_at) is distinct from (t.lane_id, t.created_at)
order by t.id limit 10
