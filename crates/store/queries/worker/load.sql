-- The slots of workers $2 in use since $1, by minute.
select worker_id, start, busy_sum::float8 / told as busy, busy_max
from task_worker_load
where start >= $1 and worker_id = any($2)
order by worker_id, start
