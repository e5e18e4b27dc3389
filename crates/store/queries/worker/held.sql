-- Which of these leases are held no longer.
select i.task_id
from unnest($1::bigint[], $2::bigint[]) as i(task_id, epoch)
where not exists (select from task_running r where r.task_id = i.task_id and r.epoch = i.epoch)
