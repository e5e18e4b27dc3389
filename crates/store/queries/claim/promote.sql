-- Moves up to $1 tasks whose time has come into line, and says when the next one is due.
with due as materialized (
    select ctid as place from task_delayed where run_at <= now()
    order by run_at, task_id limit $1
    for update skip locked
),
gone as (
    delete from task_delayed where ctid = any(array(select place from due))
    returning *
),
ready as (
    -- A new place in line: bounds on claims need only ever rise.
    insert into task_ready (line_at, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
    select clock_timestamp(), task_id, created_at, lane_id, attempt, failures, version, crashes, status
    from (select * from gone order by run_at, task_id) g
)
select
    (select count(*) from gone) as moved,
    (
        select extract(epoch from min(run_at) - clock_timestamp())::float8 from (
            select run_at from task_delayed where run_at > now() order by run_at limit 1
        ) next
    ) as next_in
