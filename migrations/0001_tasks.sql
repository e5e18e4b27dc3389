-- Tasks: what was asked (task), where it stands (task_ready, task_delayed, task_running,
-- task_finished; read as one: task_execution), and what happened to it (task_history).
--
-- Waiting, running and finished tasks live in relations of their own, and a task moves by being
-- deleted from one and inserted into the next. No row is ever updated on its way, so the relations
-- that are claimed from stay as small as the work that waits.

-- Task ids, and places in line: one sequence, so that a fresh task's place is its id and one that
-- is put back gets a place behind all that came before it.
create sequence task_id_seq as bigint;

-- A lane is the line of waiting tasks of one queue, type and priority. There are few of them.
create table task_lane (
    id integer generated always as identity primary key,
    queue text not null,
    type text not null,
    priority integer not null,
    unique (type, queue, priority)
);

-- What was asked. Written once.
create table task (
    id bigint primary key,
    created_at timestamptz not null,
    lane_id integer not null,
    retries integer not null check (retries >= 0),
    run_at timestamptz,
    timeout_ms bigint check (timeout_ms > 0),
    backoff_initial_ms bigint check (backoff_initial_ms >= 0),
    backoff_max_ms bigint check (backoff_max_ms >= backoff_initial_ms),
    name text not null check (name <> ''),
    payload text not null,
    labels jsonb,
    idempotency_key text
);
-- Newest first, and by time.
create index idx_created_at on task (created_at, id);

-- Which create made which task. The key is kept as the first half of its SHA-256.
create table task_key (
    key_hash uuid primary key,
    task_id bigint not null
);

-- Waits for a worker now. A claim reads one lane from a place in line on.
create table task_ready (
    position bigint not null,
    task_id bigint not null,
    created_at timestamptz not null,
    lane_id integer not null,
    attempt integer not null,
    failures integer not null,
    version integer not null,
    crashes smallint not null,
    status smallint not null check (status in (0, 2)),
    primary key (lane_id, position)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
create unique index task_ready_by_task on task_ready (lane_id, created_at, task_id);
-- Only the few that are due again after a failure: costs a fresh task nothing.
create index task_ready_retrying on task_ready (lane_id, created_at, task_id) where status = 2;

-- Waits for its time.
create table task_delayed (
    task_id bigint not null,
    created_at timestamptz not null,
    run_at timestamptz not null,
    lane_id integer not null,
    attempt integer not null,
    failures integer not null,
    version integer not null,
    crashes smallint not null,
    status smallint not null check (status in (0, 2)),
    primary key (lane_id, created_at, task_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
create index task_delayed_by_run_at on task_delayed (run_at, task_id);
create index task_delayed_retrying on task_delayed (lane_id, created_at, task_id) where status = 2;

-- An attempt holds a lease. The lease's time is its worker's (task_worker.lease_until), so that
-- keeping a thousand leases alive is one small update. `epoch` fences every write: one number for each
-- claim, never used twice. Workers number their claims themselves, under an id that was committed to
-- disk: a sequence would hand numbers out again that a crash took back with an asynchronous commit.
create table task_running (
    task_id bigint primary key,
    epoch bigint not null,
    worker_id bigint not null,
    created_at timestamptz not null,
    lane_id integer not null,
    attempt integer not null check (attempt >= 1),
    failures integer not null,
    version integer not null,
    crashes smallint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

-- Ended.
create table task_finished (
    task_id bigint not null,
    created_at timestamptz not null,
    lane_id integer not null,
    attempt integer not null,
    version integer not null,
    status smallint not null check (status in (3, 4, 5))
);
-- A lane stands for its type, and its queue and priority.
create unique index idx_type_status on task_finished (lane_id, status, created_at, task_id);
create index idx_status_created_at on task_finished (status, created_at, task_id);

-- One row for each change, written with the change. Versions run 1, 2, 3, … for each task.
create table task_history (
    task_id bigint not null,
    version integer not null check (version >= 1),
    attempt integer not null,
    status smallint not null check (status between 0 and 5),
    worker_id bigint,
    created_at timestamptz not null default clock_timestamp(),
    run_at timestamptz,
    details text,
    result text
);
create unique index idx_task_id_created_at on task_history (task_id, version) include (created_at);

-- What changed, one row for each statement, lane and kind of change: what watches follow, and what
-- the counts are made of. Folded into task_count after a while.
create table task_event (
    id bigint generated always as identity primary key,
    lane_id integer not null,
    from_status smallint,
    to_status smallint not null,
    n integer not null check (n > 0),
    created_at timestamptz not null default now(),
    task_ids bigint[] not null,
    versions integer[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
-- Long lists of ids do not compress; spare the try.
alter table task_event alter column task_ids set storage external, alter column versions set storage external;

-- How many tasks stand where, as of the events folded so far.
create table task_count (
    lane_id integer not null,
    status smallint not null,
    n bigint not null,
    primary key (lane_id, status)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- One row for each run of a worker. Nothing that a renewal changes is indexed.
create table task_worker (
    id bigint generated always as identity primary key,
    name text not null,
    version text not null,
    types text[] not null,
    queues text[] not null,
    slots integer not null,
    busy integer not null default 0,
    draining boolean not null default false,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    lease_until timestamptz not null,
    ended_at timestamptz,
    end_reason text
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index task_worker_live on task_worker (id) where ended_at is null;

-- The names of the stored status numbers, for people who read the tables.
create function task_status(code smallint) returns text language sql immutable parallel safe
return (array['PENDING', 'RUNNING', 'RETRYING', 'SUCCEEDED', 'FAILED', 'CANCELLED'])[code + 1];

-- Where every task stands, as one relation.
create view task_execution as
select e.task_id, l.type, l.queue, l.priority, task_status(e.status) as status,
    e.attempt, e.version, e.created_at, e.run_at, e.worker_id
from (
    select task_id, lane_id, status, attempt, version, created_at, null::timestamptz as run_at, null::bigint as worker_id
    from task_ready
    union all
    select task_id, lane_id, status, attempt, version, created_at, run_at, null
    from task_delayed
    union all
    select task_id, lane_id, 1::smallint, attempt, version, created_at, null, worker_id
    from task_running
    union all
    select task_id, lane_id, status, attempt, version, created_at, null, null
    from task_finished
) e
join task_lane l on l.id = e.lane_id;

-- How many tasks stand where: folded counts and the events since, in one snapshot, so always exact.
create view task_status_count as
select lane_id, status, sum(n)::bigint as n
from (
    select lane_id, status, n from task_count
    union all
    select lane_id, to_status, n from task_event
    union all
    select lane_id, from_status, -n from task_event where from_status is not null
) c
group by lane_id, status;
