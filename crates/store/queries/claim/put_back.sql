-- Puts back what worker $1 claimed under epochs whose answer never reached it: nothing else would,
-- since its lease lives on. Costs no attempt.
with gone as (
    delete from task_running where worker_id = $1 and epoch = any($2)
    returning task_id, created_at, lane_id, attempt, failures, version + 1 as version, crashes
),
ready as (
    insert into task_ready (line_at, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
    select now(), task_id, created_at, lane_id, attempt - 1, failures, version, crashes, 0
    from gone
),
history as (
    insert into task_history (task_id, version, attempt, status, worker_id, details)
    select task_id, version, attempt, 0, $1, 'its worker never heard that it had claimed it' from gone
),
event as (
    insert into task_event (lane_id, from_status, to_status, n, task_ids, versions)
    select lane_id, 1, 0, count(*), array_agg(task_id), array_agg(version) from gone group by lane_id
)
-- The session does not wait for the disk, but this has to: the doubt is forgotten once it is answered.
select count(*), set_config('synchronous_commit', 'on', true) from gone
