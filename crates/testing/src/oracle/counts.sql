-- The counts that are kept as tasks change are those that counting gives.
select format('lane %s: %s %s tasks by task_status_count, %s by counting', coalesce(kept.lane_id, truth.lane_id),
    coalesce(kept.n, 0), task_status(coalesce(kept.status, truth.status)), coalesce(truth.n, 0))
from task_status_count kept
full join (
    select lane_id, status, count(*) as n
    from (
        select lane_id, status from task_ready
        union all select lane_id, status from task_delayed
        union all select lane_id, 1::smallint from task_running
        union all select lane_id, status from task_finished
    ) p
    group by lane_id, status
) truth on truth.lane_id = kept.lane_id and truth.status = kept.status
where coalesce(kept.n, 0) <> coalesce(truth.n, 0)
order by 1 limit 10
