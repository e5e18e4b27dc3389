-- A task's later changes go between its creation and that of the next task. So pages of this index are left with room for
-- two more entries beside each that is there when they are made: otherwise each is split once and again as the tasks of
-- it run, and stays two thirds full. Built anew as a whole, by `reindex` or from a dump, it has that room beside old
-- entries as well and is up to three times as large: give the fillfactor of 90 for that, and this one back afterwards.
set local lock_timeout = '5s';
alter index idx_task_id_created_at set (fillfactor = 33);
