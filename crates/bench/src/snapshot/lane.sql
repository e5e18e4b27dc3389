insert into task_lane (queue, type, priority) values ('default', 'simulate', 0) on conflict do nothing
