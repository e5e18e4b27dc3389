-- Ends these workers: their processes are gone.
update task_worker set ended_at = now(), end_reason = 'its session ended' where id = any($1) and ended_at is null
