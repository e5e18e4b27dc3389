-- The live workers, with whether each gives its sign: a lock that a session of its own carries. The key's
-- upper half is the class of `presence.rs`, its lower half the worker's id.
with sign as materialized (
    select objid::bigint as worker from pg_locks
    where locktype = 'advisory' and classid = 1952543595 and objsubid = 1 and granted
        and database = (select oid from pg_database where datname = current_database())
)
select id, id & 4294967295 in (select worker from sign) as here
from task_worker
where ended_at is null
