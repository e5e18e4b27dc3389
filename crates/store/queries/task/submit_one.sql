-- Stores one task with all that goes with it: what submit.sql does for a batch, in two thirds of Postgres' time for one.
-- Returns its id, and when that was; no row if its idempotency key was used before.
-- $11 and $12: channels that are told at the commit that there is work, and where, and that a task has changed; $13: what
-- is said before that.
-- Parts of it are left out where the task has nothing for them: see submit/insert.rs.
with new as materialized (
    select nextval('task_id_seq') as id
),
-- part keyed
keyed as (
    insert into task_key (key_hash, task_id) select $10, id from new
    on conflict do nothing
    returning task_id
),
-- end keyed
stored as (
    insert into task (
        id, created_at, lane_id, retries, timeout_ms, backoff_initial_ms, backoff_max_ms,
        name, payload, labels, idempotency_key
    )
    select id, now(), $1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9 from new
    -- part keyed
    where id in (select task_id from keyed)
    -- end keyed
    returning id
),
ready as (
    insert into task_ready (line_at, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
    select now(), id, now(), $1, 0, 0, 1, 0, 0 from stored
),
history as (
    insert into task_history (task_id, version, attempt, status, created_at)
    select id, 1, 0, 0, now() from stored
),
event as (
    insert into task_event (lane_id, from_status, to_status, n, task_ids, versions)
    select $1, null, 0, 1, array[id], '{1}' from stored
)
select id, now()
-- part told
    , pg_notify($11, $13 || format(' %s %s %s', $1, (extract(epoch from now()) * 1000000)::bigint, id)), pg_notify($12, $13)
-- end told
from stored
