-- History counts 1, 2, 3, ... for every task, without a gap.
select format('task %s: history has %s rows, with versions from %s to %s', t.id, count(h.version), min(h.version), max(h.version))
from task t
left join task_history h on h.task_id = t.id
group by t.id
having count(h.version) = 0 or min(h.version) <> 1 or max(h.version) <> count(distinct h.version)
    or count(h.version) <> count(distinct h.version)
order by t.id limit 10
