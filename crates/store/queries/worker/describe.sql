-- Notes what plugins say of the types they run; the newest worker has the last word.
insert into task_type (type, description, parameters_schema)
select * from unnest($1::text[], $2::text[], $3::text[]) order by 1
on conflict (type) do update
set description = excluded.description, parameters_schema = excluded.parameters_schema
where (task_type.description, task_type.parameters_schema)
    is distinct from (excluded.description, excluded.parameters_schema)
