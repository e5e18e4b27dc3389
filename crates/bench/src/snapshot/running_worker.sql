-- A worker whose lease outlasts the measurement, as one would that runs long tasks.
with lane as (
    insert into task_lane (queue, type, priority) values ('default', 'simulate', 0) on conflict do nothing
)
insert into task_worker (name, version, types, queues, slots, lease_until)
values ('long', 'bench', array['simulate'], array[]::text[], 10000, now() + interval '1 day')
