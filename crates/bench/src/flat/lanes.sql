-- Eight lanes, numbered 1 to 8 in a fresh database.
insert into task_lane (queue, type, priority)
select q, t, 0 from unnest(array['default', 'slow']) q, unnest(array['simulate', 'send', 'query', 'call']) t
