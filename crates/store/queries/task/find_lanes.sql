-- Lanes that this process does not know yet.
select id, queue, type, priority from task_lane where id > $1 order by id
