-- The errors of the hours since $1, of types $2 (all, where empty), grouped, the $3 most frequent first.
select type, pattern, (array_agg(example order by last_at desc))[1] as example, sum(n)::bigint as n,
    min(first_at) as first_at, max(last_at) as last_at,
    (array_agg(last_task_id order by last_at desc))[1] as last_task_id
from task_error
where start >= $1 and (cardinality($2::text[]) = 0 or type = any($2))
group by type, pattern
order by n desc, last_at desc, type, pattern
limit $3
