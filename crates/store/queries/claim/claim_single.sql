-- Hands the task that waits in lane $2 at the place $3 (a time) and $4 (its id) to worker $1, in two thirds of the time that
-- claim.sql takes for one. $5: the claim's epoch.
-- Returns the task, unless it is not there any more or another claim has it; or a row without one if the worker has no
-- lease.
with lease as materialized (
    -- By the database's clock: a worker whose lease ran out has to renew it first, and nothing is picked for it.
    select from task_worker where id = $1 and ended_at is null and lease_until > now()
),
picked as materialized (
    select ctid as place from task_ready
    where lane_id = $2 and line_at = $3 and task_id = $4 and exists (select from lease)
    for update skip locked
),
gone as (
    -- Rows here are never updated, so the place of a locked row stays.
    delete from task_ready where ctid = (select place from picked)
    returning *
),
running as (
    insert into task_running (task_id, epoch, worker_id, created_at, lane_id, attempt, failures, version, crashes)
    select task_id, $5, $1, created_at, lane_id, attempt + 1, failures, version + 1, crashes from gone
),
history as (
    insert into task_history (task_id, version, attempt, status, worker_id)
    select task_id, version + 1, attempt + 1, 1, $1 from gone
),
event as (
    insert into task_event (lane_id, from_status, to_status, n, task_ids, versions)
    select lane_id, status, 1, 1, array[task_id], array[version + 1] from gone
)
select g.task_id, g.lane_id, g.line_at, g.attempt + 1, g.failures,
    t.retries, t.timeout_ms, t.backoff_initial_ms, t.backoff_max_ms, t.name, t.payload
from gone g
-- As a subquery it is looked up by the row, and by both, so that each of its indexes serves: see claim.sql.
cross join lateral (
    select * from task where id = g.task_id and created_at = g.created_at offset 0
) t
union all
select null, null, null, null, null, null, null, null, null, null, null where not exists (select from lease)
