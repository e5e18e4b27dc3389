-- Writes what became of attempts of worker $1, fenced: a lease that is no longer held changes
-- nothing. Returns the tasks that were written, with their claims, and whether the worker's own lease has run out but may
-- still be renewed, so that nothing was.
-- Parts of it are left out where the batch has nothing for them: see record.rs.
with input as materialized (
    select * from unnest(
        $2::bigint[], $3::bigint[], $4::integer[], $5::smallint[], $6::boolean[], $7::bigint[], $8::text[], $9::text[]
    ) as i(task_id, epoch, attempt, status, failed, delay_us, details, result)
),
worker as materialized (
    -- By the database's clock.
    select lease_until > now() as alive from task_worker where id = $1 and ended_at is null
),
-- part near
-- Those of $10 to $11, which lie close together: one scan over that range, merged with the input, costs
-- half of a look-up each.
near as (
    delete from task_running r
    using input i
    where r.task_id between $10 and $11 and r.task_id = i.task_id
        and r.epoch = i.epoch and r.attempt = i.attempt and r.worker_id = $1
        and (select alive from worker)
    returning r.task_id, r.lane_id, r.created_at, r.version + 1 as version, r.attempt, r.crashes,
        -- Put back without a failure, an attempt is not spent.
        case when i.status = 0 then r.attempt - 1 else r.attempt end as attempt_spent,
        r.failures + i.failed::integer as failures,
        i.status, i.details, i.result, i.epoch,
        case when i.delay_us > 0 then now() + i.delay_us * interval '1 microsecond' end as run_at
),
-- end near
-- part far
-- The others are looked up.
far as (
    delete from task_running r
    using input i
    -- By `any`, only look-ups by the index on it serve: a plain join could be planned otherwise while the
    -- table is empty, and such a plan is kept while it fills.
    where i.task_id not between $10 and $11 and r.task_id = any(array[i.task_id])
        and r.epoch = any(array[i.epoch]) and r.attempt = any(array[i.attempt]) and r.worker_id = $1
        and (select alive from worker)
    returning r.task_id, r.lane_id, r.created_at, r.version + 1 as version, r.attempt, r.crashes,
        -- Put back without a failure, an attempt is not spent.
        case when i.status = 0 then r.attempt - 1 else r.attempt end as attempt_spent,
        r.failures + i.failed::integer as failures,
        i.status, i.details, i.result, i.epoch,
        case when i.delay_us > 0 then now() + i.delay_us * interval '1 microsecond' end as run_at
),
-- end far
gone as not materialized (
    -- part near
    select * from near
    -- end near
    -- part both
    union all
    -- end both
    -- part far
    select * from far
    -- end far
),
finished as (
    insert into task_finished (task_id, created_at, lane_id, attempt, version, status)
    select task_id, created_at, lane_id, attempt, version, status from gone where status >= 3
),
-- part again
ready as (
    insert into task_ready (line_at, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
    select now(), task_id, created_at, lane_id, attempt_spent, failures, version, crashes, status
    from gone where status < 3 and run_at is null
),
delayed as (
    insert into task_delayed (task_id, created_at, run_at, lane_id, attempt, failures, version, crashes, status)
    select task_id, created_at, run_at, lane_id, attempt_spent, failures, version, crashes, status
    from gone where status < 3 and run_at is not null
),
-- end again
history as (
    insert into task_history (task_id, version, attempt, status, worker_id, run_at, details, result, epoch)
    select task_id, version, attempt, status, $1, run_at, details, result,
        -- For recorded_before.sql, which tells the others by their attempt.
        case when status in (0, 4) then epoch end
    from gone
),
event as (
    insert into task_event (lane_id, from_status, to_status, n, task_ids, versions)
    select lane_id, 1, status, count(*), array_agg(task_id), array_agg(version) from gone group by lane_id, status
)
-- One row: a row each would cost both ends more than the tasks themselves.
select coalesce(array_agg(task_id), '{}'), coalesce(array_agg(epoch), '{}'),
    (select not alive from worker) as ran_out
from gone
