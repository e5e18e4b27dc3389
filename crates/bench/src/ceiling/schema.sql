-- The yardstick: the fewest tables in which a task can have a durable life with a full history.
drop schema if exists ceiling cascade;
create schema ceiling;
create table ceiling.task (
    id bigint generated always as identity primary key,
    created_at timestamptz not null default now(),
    priority integer not null default 0,
    name text not null,
    type text not null,
    payload jsonb not null
);
create table ceiling.ready (
    task_id bigint primary key,
    priority integer not null default 0,
    attempt integer not null default 0
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
create index ready_in_order on ceiling.ready (priority desc, task_id);
create table ceiling.running (
    task_id bigint primary key,
    attempt integer not null,
    lease_until timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
create table ceiling.finished (
    task_id bigint primary key,
    status smallint not null,
    finished_at timestamptz not null default now()
);
create index finished_by_status on ceiling.finished (status, task_id);
create table ceiling.history (
    id bigint generated always as identity,
    task_id bigint not null,
    status smallint not null,
    created_at timestamptz not null default now(),
    details text not null default '',
    primary key (task_id, id)
);
