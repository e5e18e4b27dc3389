-- Up to $3 changes of each task after a version. For each by itself, so that one with a long history
-- neither fills the answer nor keeps the others out of it.
select h.task_id, h.version, h.status, h.attempt, h.worker_id, w.name as worker_name, h.created_at, h.run_at,
    h.details, null::text as result
from unnest($1::bigint[], $2::integer[]) as asked(task_id, version)
cross join lateral (
    select * from task_history h
    where h.task_id = asked.task_id and h.version > asked.version
    order by h.version limit $3
) h
left join task_worker w on w.id = h.worker_id
order by h.task_id, h.version
