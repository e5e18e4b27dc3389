-- Which of these decisions of worker $1 are in history already: asked when the answer to a record
-- was lost, since a commit may have happened all the same.
select i.task_id, i.epoch
from unnest($2::bigint[], $3::integer[], $4::smallint[], $5::bigint[]) as i(task_id, attempt, status, epoch)
where exists (
    select from task_history h
    where h.task_id = i.task_id and h.attempt = i.attempt and h.status = i.status and h.worker_id = $1
        -- SUCCEEDED and RETRYING spend the attempt, and nobody else writes them. But what was put back is
        -- claimed again as the same attempt, and a sweep writes PENDING and FAILED for the lost.
        and (i.status not in (0, 4) or h.epoch = i.epoch)
    -- So it is looked up for each row, and never joined.
    offset 0
)
