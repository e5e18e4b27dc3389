-- Stores a batch of tasks with all that goes with them, in one statement.
-- Returns one row: which of the batch were stored, by their places from 1, their ids, and when. One
-- that is missing has an idempotency key that was used before.
-- $3 to $6 and $9 to $11 are null where all of their values are.
-- Parts of it are left out where the batch has nothing for them: see submit/insert.rs.
with input as materialized (
    select nextval('task_id_seq') as id, i.*
    from (
        -- Columns of a select give a row at a time; each function of a `from` would first store all that it gives.
        select unnest($1::integer[]) as lane_id, unnest($2::integer[]) as retries, unnest($3::timestamptz[]) as run_at,
            unnest($4::bigint[]) as timeout_ms, unnest($5::bigint[]) as backoff_initial_ms,
            unnest($6::bigint[]) as backoff_max_ms, unnest($7::text[]) as name, unnest($8::text[]) as payload,
            unnest($9::text[]) as labels, unnest($10::text[]) as idempotency_key, unnest($11::uuid[]) as key_hash,
            generate_series(1, cardinality($1)::bigint) as ord
    ) i
),
-- part keyed
keyed as (
    insert into task_key (key_hash, task_id)
    -- In one order everywhere, so that two batches with the same keys cannot deadlock.
    select key_hash, id from input where key_hash is not null order by key_hash
    on conflict do nothing
    returning task_id
),
-- end keyed
-- Without keys, its readers read the input itself.
fresh as
-- part unkeyed
not
-- end unkeyed
materialized (
    select * from input
    -- part keyed
    where key_hash is null or id in (select task_id from keyed)
    -- end keyed
),
stored as (
    insert into task (
        id, created_at, lane_id, retries, run_at, timeout_ms, backoff_initial_ms, backoff_max_ms,
        name, payload, labels, idempotency_key
    )
    select id, now(), lane_id, retries, run_at, timeout_ms, backoff_initial_ms, backoff_max_ms,
        name, payload, labels::jsonb, idempotency_key
    from fresh
),
ready as (
    insert into task_ready (line_at, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
    select now(), id, now(), lane_id, 0, 0, 1, 0, 0 from fresh where run_at is null or run_at <= now()
),
-- part delayed
delayed as (
    insert into task_delayed (task_id, created_at, run_at, lane_id, attempt, failures, version, crashes, status)
    select id, now(), run_at, lane_id, 0, 0, 1, 0, 0 from fresh where run_at > now()
),
-- end delayed
history as (
    insert into task_history (task_id, version, attempt, status, created_at, run_at)
    select id, 1, 0, 0, now(), run_at from fresh
),
event as (
    insert into task_event (lane_id, from_status, to_status, n, task_ids, versions)
    select lane_id, null, 0, count(*), array_agg(id), array_agg(1) from fresh group by lane_id
)
select coalesce(array_agg(ord), '{}'), coalesce(array_agg(id), '{}'), now() from fresh
