-- Every task stands in exactly one relation.
select format('task %s stands in %s relations (%s) instead of one', t.id, count(p.place), coalesce(string_agg(p.place, ', ' order by p.place), 'none'))
from task t
left join (
    select task_id, 'task_ready' as place from task_ready
    union all select task_id, 'task_delayed' from task_delayed
    union all select task_id, 'task_running' from task_running
    union all select task_id, 'task_finished' from task_finished
) p on p.task_id = t.id
group by t.id
having count(p.place) <> 1
order by t.id limit 10
