-- Makes sure that these lanes exist. Read them back with find_lanes: a row that another
-- transaction has just added is not returned here.
insert into task_lane (queue, type, priority)
select distinct queue, type, priority
from unnest($1::text[], $2::text[], $3::integer[]) as l(queue, type, priority)
order by type, queue, priority
on conflict do nothing
