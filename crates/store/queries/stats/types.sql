-- The types that plugins have told of, and those of the tasks there are.
select type, max(description) as description, max(parameters_schema) as parameters_schema
from (
    select type, description, parameters_schema from task_type
    union all
    select distinct type, null, null from task_lane
) t
group by type
order by type
