update task_worker set ended_at = now(), end_reason = $2, busy = 0 where id = $1 and ended_at is null
