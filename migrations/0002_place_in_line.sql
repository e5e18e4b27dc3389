-- A place in line is a time, not a number of its own: a fresh task's place is its creation, so that
-- one index serves both the claim and the lists. That spares a create its dearest index.
alter table task_ready add column line_at timestamptz;
update task_ready set line_at = created_at where position = task_id;
-- What was put back keeps its order behind the rest.
update task_ready r set line_at = now() + o.n * interval '1 microsecond'
from (select lane_id, position, row_number() over (order by position) as n from task_ready where position <> task_id) o
where o.lane_id = r.lane_id and o.position = r.position;
drop index task_ready_by_task, task_ready_retrying;
alter table task_ready drop constraint task_ready_pkey;
alter table task_ready drop column position;
alter table task_ready alter column line_at set not null;
alter table task_ready add primary key (lane_id, line_at, task_id);
-- Only what was put back, which is not in line by its creation: costs a fresh task nothing.
create index task_ready_put_back on task_ready (lane_id, status, created_at, task_id) where line_at <> created_at;

-- By status first, so that neither list of what is delayed walks over the other's tasks.
drop index task_delayed_retrying;
alter table task_delayed drop constraint task_delayed_pkey;
alter table task_delayed add primary key (lane_id, status, created_at, task_id);
