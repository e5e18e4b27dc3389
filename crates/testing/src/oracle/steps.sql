-- Every step of a history is in the state table, given as $1 (from, -1 at creation) and $2 (to).
select format('task %s, version %s: %s to %s is no allowed step', task_id, version,
    coalesce(task_status(before), '(nothing)'), task_status(status))
from (
    select task_id, version, status, lag(status) over (partition by task_id order by version) as before
    from task_history
) step
where not exists (
    select from unnest($1::smallint[], $2::smallint[]) as allowed(before, status)
    where allowed.before = coalesce(step.before, -1) and allowed.status = step.status
)
order by task_id, version limit 10
