-- Events after $1, and those of $2 that had not been committed when they were first passed.
select id, to_status, task_ids, versions from task_event
where id > $1 or id = any($2)
order by id
limit $3
