-- Under which claim an attempt was put back or given up. Attempts number the other outcomes apart; but a task
-- that was put back is claimed again as the same attempt, perhaps by the same worker, and a sweep writes the
-- same two statuses in a lost worker's name. Nullable and without a default: no row is rewritten, and programs
-- that do not know it go on as before.
set local lock_timeout = '5s';
alter table task_history add column epoch bigint;
