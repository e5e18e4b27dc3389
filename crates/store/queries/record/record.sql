-- Writes what became of attempts of worker $1, fenced: a lease that is no longer held changes
-- nothing. Returns whether all tasks were written, which of them with their claims if not, and whether the worker's own
-- lease has run out but may still be renewed, so that nothing was.
-- $5 and $6 are null where all succeeded, $7 where none has to wait, and $8 and $9 where all of their values are.
-- Parts of it are left out where the batch has nothing for them: see record.rs.
with input as (
    -- Columns of a select give a row at a time; each function of a `from` would first store all that it gives.
    select unnest($2::bigint[]) as task_id, unnest($3::bigint[]) as epoch, unnest($4::integer[]) as attempt,
        unnest($5::smallint[]) as status, unnest($6::boolean[]) as failed, unnest($7::bigint[]) as delay_us,
        unnest($8::text[]) as details, unnest($9::text[]) as result
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
    returning r.task_id, r.lane_id, r.created_at, r.version + 1 as version, r.attempt, i.epoch,
        case when $5 is null then 3::smallint else i.status end as status,
        -- part again
        -- Put back without a failure, an attempt is not spent.
        case when i.status = 0 then r.attempt - 1 else r.attempt end as attempt_spent,
        r.failures + i.failed::integer as failures, r.crashes,
        -- end again
        case when i.delay_us > 0 then now() + i.delay_us * interval '1 microsecond' end as run_at, i.details, i.result
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
    returning r.task_id, r.lane_id, r.created_at, r.version + 1 as version, r.attempt, i.epoch,
        case when $5 is null then 3::smallint else i.status end as status,
        -- part again
        -- Put back without a failure, an attempt is not spent.
        case when i.status = 0 then r.attempt - 1 else r.attempt end as attempt_spent,
        r.failures + i.failed::integer as failures, r.crashes,
        -- end again
        case when i.delay_us > 0 then now() + i.delay_us * interval '1 microsecond' end as run_at, i.details, i.result
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
-- One row: a row each would cost both ends more than the tasks themselves. Which they were is told only if not all
-- were written.
select case when n < cardinality($2) then array(select task_id from gone) end,
    case when n < cardinality($2) then array(select epoch from gone) end,
    (select not alive from worker) as ran_out
from (select count(*) as n from gone) g
