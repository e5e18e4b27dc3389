-- Nothing speaks of a task that does not exist.
select format('%s names task %s, which does not exist', s.place, s.task_id)
from (
    select task_id, 'task_ready' as place from task_ready
    union select task_id, 'task_delayed' from task_delayed
    union select task_id, 'task_running' from task_running
    union select task_id, 'task_finished' from task_finished
    union select task_id, 'task_history' from task_history
    union select task_id, 'task_key' from task_key
) s
where not exists (select from task t where t.id = s.task_id)
order by s.task_id, s.place limit 10
