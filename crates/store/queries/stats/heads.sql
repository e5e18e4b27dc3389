-- Of lanes $1, the task that has been in line longest, looked for from the places $2 on.
select l.lane_id, r.line_at, r.task_id
from unnest($1::integer[], $2::timestamptz[]) as l(lane_id, after_at)
cross join lateral (
    select line_at, task_id from task_ready
    where lane_id = l.lane_id and line_at >= l.after_at
    order by line_at, task_id limit 1
) r
