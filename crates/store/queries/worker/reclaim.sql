-- Takes up to $1 tasks back from workers, or from worker $4, that have ended without giving them back: PENDING again at
-- no cost. Where $3 says that the worker was lost, that is counted: a task that has lost $2 workers
-- is held to be their killer and set FAILED. Where several were lost together for the time that would
-- decide, one killed and the others only ran beside it: they wait for random times, so that they
-- part, until one is lost alone, or until twice as many losses.
with lost as materialized (
    select r.task_id
    from task_running r
    where not exists (select from task_worker w where w.id = r.worker_id and w.ended_at is null)
        and ($4::bigint is null or r.worker_id = $4)
    order by r.task_id limit $1
    for update skip locked
),
taken as (
    delete from task_running where task_id = any(array(select task_id from lost))
    returning task_id, created_at, lane_id, attempt, failures, version + 1 as version,
        (crashes + $3::boolean::integer)::smallint as crashes, worker_id
),
judged as (
    select *, $3 and crashes >= $2 as suspect,
        count(*) filter (where crashes >= $2) over (partition by worker_id) as suspects
    from taken
),
gone as materialized (
    select *, case when suspect and (suspects = 1 or crashes >= 2 * $2) then 4 else 0 end::smallint as status,
        case when suspect and suspects > 1 and crashes < 2 * $2
            then now() + random() * (crashes - $2 + 1) * interval '20 seconds' end as run_at
    from judged
),
ready as (
    insert into task_ready (line_at, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
    select now(), task_id, created_at, lane_id, attempt - 1, failures, version, crashes, 0
    from gone where status = 0 and run_at is null
),
delayed as (
    insert into task_delayed (task_id, created_at, run_at, lane_id, attempt, failures, version, crashes, status)
    select task_id, created_at, run_at, lane_id, attempt - 1, failures, version, crashes, 0
    from gone where status = 0 and run_at is not null
),
finished as (
    insert into task_finished (task_id, created_at, lane_id, attempt, version, status)
    select task_id, created_at, lane_id, attempt, version, 4 from gone where status = 4
),
history as (
    insert into task_history (task_id, version, attempt, status, worker_id, run_at, details)
    select task_id, version, attempt, status, worker_id, run_at,
        case
            when status = 4 then 'its worker was lost ' || crashes || ' times while running it; not tried again'
            when $3 then 'its worker was lost'
            else 'its worker was stopped'
        end
    from gone
),
event as (
    insert into task_event (lane_id, from_status, to_status, n, task_ids, versions)
    select lane_id, 1, status, count(*), array_agg(task_id), array_agg(version) from gone group by lane_id, status
)
select count(*) from gone
