-- Which of these leases are held no longer. By claim, not by task: a worker may have claimed the same task again,
-- and that attempt goes on.
select i.task_id, i.epoch
from unnest($1::bigint[], $2::bigint[]) as i(task_id, epoch)
where not exists (select from task_running r where r.task_id = i.task_id and r.epoch = i.epoch)
