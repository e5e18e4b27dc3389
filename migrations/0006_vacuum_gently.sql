-- Vacuum gives empty pages at a table's end back under a lock that stops every create, claim and record, 20 ms at a
-- time, again and again until it is through; the next burst takes the same pages anew. So they stay, to be used
-- again. After a backlog that will not come back, `vacuum (truncate) task_ready` returns its space.
set local lock_timeout = '5s';
alter table task_ready set (vacuum_truncate = off);
alter table task_delayed set (vacuum_truncate = off);
alter table task_running set (vacuum_truncate = off);
alter table task_event set (vacuum_truncate = off, toast.vacuum_truncate = off);
-- No condition is ever about what is in these, and analyze read each list of ids whole and counted its members: two
-- seconds of a core every minute at full speed.
alter table task_event alter column task_ids set statistics 0, alter column versions set statistics 0;
alter table task alter column name set statistics 0, alter column payload set statistics 0, alter column labels set statistics 0;
alter table task_history alter column details set statistics 0, alter column result set statistics 0;
