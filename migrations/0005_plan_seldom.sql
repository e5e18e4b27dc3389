-- Each vacuum and analyze has every session plan its statements anew: some milliseconds of the next create,
-- claim and record, at low load once a minute for each of them. These statements have but one good plan
-- whatever the statistics say, and questions about so few rows are quick without.
set local lock_timeout = '5s';
alter table task set (autovacuum_analyze_threshold = 20000, autovacuum_vacuum_insert_threshold = 20000);
alter table task_key set (autovacuum_analyze_threshold = 20000, autovacuum_vacuum_insert_threshold = 20000);
alter table task_finished set (autovacuum_analyze_threshold = 20000, autovacuum_vacuum_insert_threshold = 20000);
alter table task_history set (autovacuum_analyze_threshold = 20000, autovacuum_vacuum_insert_threshold = 20000);
-- Their vacuums wait for as many rows already.
alter table task_ready set (autovacuum_analyze_threshold = 20000);
alter table task_delayed set (autovacuum_analyze_threshold = 20000);
alter table task_running set (autovacuum_analyze_threshold = 20000);
alter table task_event set (autovacuum_analyze_threshold = 20000);
alter table task_worker set (autovacuum_analyze_threshold = 1000);
