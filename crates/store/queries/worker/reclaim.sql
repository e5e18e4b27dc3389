-- Takes up to $1 tasks back from workers that have ended without giving them back: PENDING again at
-- no cost, or FAILED for one that has now lost its worker $2 times.
with lost as materialized (
    select r.task_id
    from task_running r
    where not exists (select from task_worker w where w.id = r.worker_id and w.ended_at is null)
    order by r.task_id limit $1
    for update skip locked
),
gone as (
    delete from task_running where task_id = any(array(select task_id from lost))
    returning task_id, created_at, lane_id, attempt, failures, version + 1 as version, (crashes + 1)::smallint as crashes,
        worker_id, case when crashes + 1 >= $2 then 4 else 0 end::smallint as status
),
ready as (
    insert into task_ready (position, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
    select nextval('task_id_seq'), task_id, created_at, lane_id, attempt - 1, failures, version, crashes, 0
    from gone where status = 0
),
finished as (
    insert into task_finished (task_id, created_at, lane_id, attempt, version, status)
    select task_id, created_at, lane_id, attempt, version, 4 from gone where status = 4
),
history as (
    insert into task_history (task_id, version, attempt, status, worker_id, details)
    select task_id, version, attempt, status, worker_id,
        case when status = 0 then 'its worker was lost'
            else 'its worker was lost ' || crashes || ' times while running it; not tried again' end
    from gone
),
event as (
    insert into task_event (lane_id, from_status, to_status, n, task_ids, versions)
    select lane_id, 1, status, count(*), array_agg(task_id), array_agg(version) from gone group by lane_id, status
)
select count(*) from gone
