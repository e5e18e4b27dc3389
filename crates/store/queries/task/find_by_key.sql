-- The tasks that these idempotency keys made, with what was asked for then.
select k.key_hash, t.id, t.created_at, t.lane_id, t.name, t.payload
from unnest($1::uuid[]) as asked(key_hash)
join task_key k on k.key_hash = asked.key_hash
join task t on t.id = k.task_id
