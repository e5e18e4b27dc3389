-- Servers of the version before list what succeeded without an index until they are replaced: slowly where there is much.
set local lock_timeout = '5s';
-- Where the step before was interrupted, what it left is not valid, and is built anew.
do $$
begin
    if not (select indisvalid from pg_index where indexrelid = 'idx_failed_created_at'::regclass) then
        drop index idx_failed_created_at;
        create index idx_failed_created_at on task_finished (status, created_at, task_id)
        with (deduplicate_items = off) where status <> 3;
    end if;
end
$$;
drop index idx_status_created_at;
alter index idx_failed_created_at rename to idx_status_created_at;
-- No two entries are alike, but before a page of an index that is not unique is split, it is searched for such.
alter index idx_created_at set (deduplicate_items = off);
