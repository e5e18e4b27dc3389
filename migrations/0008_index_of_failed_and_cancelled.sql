-- no-transaction
-- What succeeded, nearly all that ends, is listed lane by lane (idx_type_status). The index of ends over all lanes is for
-- what failed or was cancelled: with it, recording a success cost a seventh more with one worker, and two fifths with four.
-- Built beside running work; waits for transactions that are older than it.
create index concurrently if not exists idx_failed_created_at on task_finished (status, created_at, task_id)
with (deduplicate_items = off) where status <> 3;
