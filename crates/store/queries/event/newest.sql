-- The newest number handed out, and which of the 256 up to it are there: the others may belong to
-- statements that are not committed yet. The sequence is read first, so that none falls between.
with s as materialized (
    select case when is_called then last_value else 0 end as newest from task_event_id_seq
)
select s.newest, array(select id from task_event where id > s.newest - 256 and id <= s.newest) as present
from s
