-- Removes statistics that no question reaches back to.
with a as (
    delete from task_rollup
    where (step_minutes = 1 and start < now() - interval '4 hours')
        or (step_minutes = 15 and start < now() - interval '3 days')
        or (step_minutes = 60 and start < now() - interval '91 days')
),
b as (
    delete from task_duration
    where (step_minutes = 1 and start < now() - interval '4 hours')
        or (step_minutes = 15 and start < now() - interval '3 days')
        or (step_minutes = 60 and start < now() - interval '91 days')
),
c as (
    delete from task_error where start < now() - interval '91 days'
)
delete from task_worker_load where start < now() - interval '25 hours'
