with picked as materialized (
    select task_id from ceiling.ready where priority = 0 and task_id > :after
    order by priority desc, task_id limit :batch for update skip locked
), gone as (
    delete from ceiling.ready where task_id = any(array(select task_id from picked)) returning task_id, attempt
), running as (
    insert into ceiling.running select task_id, attempt + 1, now() + interval '15 s' from gone
), history as (
    insert into ceiling.history (task_id, status) select task_id, 1 from gone
)
select coalesce(array_agg(g.task_id)::text, '{}') as ids, coalesce(max(g.task_id), :after) as after, count(t.payload) as payloads
from gone g join ceiling.task t on t.id = g.task_id \gset
with gone as (
    delete from ceiling.running where task_id = any(':ids'::bigint[]) returning task_id
), finished as (
    insert into ceiling.finished (task_id, status) select task_id, 3 from gone
)
insert into ceiling.history (task_id, status) select task_id, 3 from gone;
