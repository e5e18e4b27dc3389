with t as (
    insert into ceiling.task (name, type, payload)
    select 'task ' || n, 'simulate', '{"note": "a small payload"}' from generate_series(1, :batch) n
    returning id
), r as (
    insert into ceiling.ready (task_id) select id from t
)
insert into ceiling.history (task_id, status) select id, 0 from t;
