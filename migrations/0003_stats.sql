-- What happened over time, kept as events are folded, so that no question about it reads tasks.

-- How often tasks changed, per minute, quarter of an hour and hour.
create table task_rollup (
    step_minutes smallint not null check (step_minutes in (1, 15, 60)),
    start timestamptz not null,
    lane_id integer not null,
    -- -1 for a creation.
    from_status smallint not null check (from_status between -1 and 5),
    to_status smallint not null check (to_status between 0 and 5),
    n bigint not null check (n > 0),
    primary key (step_minutes, start, lane_id, from_status, to_status)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- How long tasks waited (what = 0) and attempts ran (what = 1): a histogram of which bucket b counts
-- from 2^(b/4) to 2^((b+1)/4) microseconds.
create table task_duration (
    step_minutes smallint not null check (step_minutes in (1, 15, 60)),
    start timestamptz not null,
    lane_id integer not null,
    what smallint not null check (what in (0, 1)),
    bucket smallint not null check (bucket >= 0),
    n bigint not null check (n > 0),
    primary key (step_minutes, start, lane_id, what, bucket)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Errors of each hour, grouped by what they say.
create table task_error (
    start timestamptz not null,
    type text not null,
    pattern text not null,
    example text not null,
    n bigint not null check (n > 0),
    first_at timestamptz not null,
    last_at timestamptz not null,
    last_task_id bigint not null,
    primary key (start, type, pattern)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- What plugins say of the types they run.
create table task_type (
    type text primary key,
    description text,
    parameters_schema text
);

-- Slots in use, per worker and minute.
create table task_worker_load (
    start timestamptz not null,
    worker_id bigint not null,
    told integer not null check (told > 0),
    busy_sum bigint not null,
    busy_max integer not null,
    primary key (start, worker_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

alter table task_worker
    add column host text not null default '',
    -- Outcomes that came too late to be written.
    add column stale_writes bigint not null default 0;
-- Those that were lost, not stopped.
create index task_worker_lost on task_worker (ended_at, name) where end_reason in ('lease ran out', 'its session ended');

-- Of the tasks of an event, up to four, spread evenly, each with how many it stands for.
create function task_sampled(task_ids bigint[], versions integer[])
returns table (task_id bigint, version integer, stands integer) language sql immutable parallel safe as $$
select task_ids[i], versions[i], least(s.stride, s.n - i + 1)
from (select cardinality(task_ids) as n, greatest(1, (cardinality(task_ids) + 3) / 4) as stride) s
cross join lateral generate_series(1, s.n, s.stride) i
$$;

-- What an error says, with # for what changes from one to the next: words that hold a digit or an @, but
-- for numbers of three digits, which are mostly codes.
create function task_error_pattern(details text) returns text language sql immutable parallel safe
return coalesce(nullif(left(btrim(regexp_replace(
    left(details, 1000), '(^|\s)(?!\d{3}[:,.;)]?(?:\s|$))\S*[0-9@]\S*', '\1#', 'g'
)), 200), ''), 'no message');
