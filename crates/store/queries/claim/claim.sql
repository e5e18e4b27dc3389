-- Hands up to $6 waiting tasks to worker $1 in one short statement, by priority, then age.
-- $2 to $5: the lanes it serves with their priorities, and a lower bound on each: the place in line
-- (a time, then an id) up to which it has seen nothing left. The bound spares the walk over the dead
-- index entries of tasks that were claimed before, which vacuum cannot remove while an old snapshot
-- is held. $8: the last so many microseconds are looked at in any case: there, places may have been
-- committed after later ones.
-- $7: the claim's epoch.
-- $9: what transactions from this one on have locked is passed over without a try: a try costs several times
-- as much, and a big claim of another worker locks many. What an earlier one had locked may have been undone.
-- If null, all are tried.
-- $10: retries of a task that asked for none.
-- The parts `few` and `many` are for as many tasks as it is expected to get, and `lanes` for more lanes than one: see
-- claim/form.rs.
with lane as materialized (
    -- A head is where the lane is looked at from: what lies before it needs no second look. A lane that is the only one
    -- gets no first look either.
    select l.lane_id,
        coalesce(
            -- part lanes
            head.line_at,
            -- end lanes
            l.after_at) as from_at,
        coalesce(
            -- part lanes
            head.task_id,
            -- end lanes
            l.after_id) as from_id
    from (
        select lane_id, priority, least(after_at, unsettled) as after_at,
            case when after_at <= unsettled then after_id else 0 end as after_id
        from unnest($2::integer[], $3::integer[], $4::timestamptz[], $5::bigint[])
            as b(lane_id, priority, after_at, after_id)
        cross join (select now() - $8 * interval '1 microsecond' as unsettled) u
    ) l
    -- part lanes
    cross join lateral (
        select r.line_at, r.task_id from task_ready r
        where r.lane_id = l.lane_id and (r.line_at, r.task_id) > (l.after_at, l.after_id)
        order by r.line_at, r.task_id limit 1
    ) head
    -- Lanes of one priority take turns by their oldest task.
    order by l.priority desc, head.line_at, head.task_id
    -- end lanes
),
picked as materialized (
    -- By the database's clock: a worker whose lease ran out has to renew it first, and nothing is picked for it.
    select case when exists (select from task_worker where id = $1 and ended_at is null and lease_until > now()) then array(
        -- A nested loop in the order of `lane` that stops at the limit: later lanes are not touched.
        select r.place
        from lane l
        cross join lateral (
            select r.ctid as place from task_ready r
            where r.lane_id = l.lane_id and (r.line_at, r.task_id) >= (l.from_at, l.from_id)
                -- The age of none, as of what nobody has locked, is the highest.
                and age(r.xmax) > (select coalesce(age($9::text::xid8::xid), -2147483648))
            order by r.line_at, r.task_id limit $6
            for update skip locked
        ) r
        limit $6
    ) end as places
),
gone as (
    -- Rows here are never updated, so the place of a locked row stays.
    delete from task_ready where ctid = any((select places from picked)::tid[])
    returning *
),
-- part many
-- What waits in line was mostly created together: where half of the claim lies near its newest task, one
-- scan over that range, merged with it, costs half of a look-up each.
newest as materialized (
    select max(task_id) as id, count(*) as n from gone
),
near as materialized (
    select min(task_id) as first, max(task_id) as last, count(*) as n
    from gone where task_id > (select id - 4 * n from newest)
    having count(*) >= 16 and 2 * count(*) >= (select n from newest)
),
-- end many
running as (
    insert into task_running (task_id, epoch, worker_id, created_at, lane_id, attempt, failures, version, crashes)
    select task_id, $7, $1, created_at, lane_id, attempt + 1, failures, version + 1, crashes from gone
),
history as (
    insert into task_history (task_id, version, attempt, status, worker_id)
    select task_id, version + 1, attempt + 1, 1, $1 from gone
),
event as (
    insert into task_event (lane_id, from_status, to_status, n, task_ids, versions)
    select lane_id, status, 1, count(*), array_agg(task_id), array_agg(version + 1) from gone group by lane_id, status
)
-- part many
,
told as materialized (
    -- Columns: a row each would cost the worker more than it takes to start what is in it. What most tasks have
    -- alike is told of the others only. A large payload has a row of its own: no array holds more than 1,000
    -- times 8 KiB.
    select array_agg(task_id) as task_ids, array_agg(lane_id) as lane_ids, array_agg(line_at) as lines_at,
        array_agg(name) as names, array_agg(case when octet_length(payload) <= 8192 then payload end) as payloads,
        array_agg(array[task_id, attempt, failures, retries, timeout_ms, backoff_initial_ms, backoff_max_ms]) filter (
            where attempt > 1 or failures > 0 or retries <> $10
                or timeout_ms is not null or backoff_initial_ms is not null or backoff_max_ms is not null
        ) as own,
        array_agg(task_id) filter (where octet_length(payload) > 8192) as large
    from (
select g.task_id, g.lane_id, g.line_at, g.attempt + 1 as attempt, g.failures,
    t.retries, t.timeout_ms, t.backoff_initial_ms, t.backoff_max_ms, t.name, t.payload
from gone g
join (
    -- In this order, only the index on it serves.
    select id, retries, timeout_ms, backoff_initial_ms, backoff_max_ms, name, payload
    from task where id between (select first from near) and (select last from near) order by id offset 0
) t on t.id = g.task_id
union all
-- end many
-- What lies outside is looked up.
select g.task_id, g.lane_id, g.line_at, g.attempt + 1 as attempt, g.failures,
    t.retries, t.timeout_ms, t.backoff_initial_ms, t.backoff_max_ms, t.name, t.payload
from gone g
-- As a subquery it is looked up for each row, and by both, so that each of its indexes serves. A plan
-- made while the table is small is kept while it grows: joined the other way round, or by the wrong
-- index, it would walk through all of the table for each row.
cross join lateral (
    select * from task where id = g.task_id and created_at = g.created_at offset 0
) t
-- part many
where (select n from newest) > coalesce((select n from near), 0)
    and (g.task_id between (select first from near) and (select last from near)) is not true
-- end many
-- Said besides: when this was; where all were tried, which transaction comes next; and where there were fewer than asked
-- for, why that may be, by the newest lane there is and by whether the worker has a lease at all.
-- part few
union all
select null, (select max(id) from task_lane), now(), (select (places is not null)::integer from picked), null, null,
    case when $9 is null then pg_snapshot_xmax(pg_current_snapshot())::text::bigint end, null, null, null, null
-- end few
-- part many
    ) claimed
)
select task_ids, lane_ids, lines_at, names, payloads, own,
    now(), case when $9 is null then pg_snapshot_xmax(pg_current_snapshot())::text::bigint end,
    (select max(id) from task_lane), (select places is not null from picked)
from told
union all
select array[t.id], null, null, null, array[t.payload], null, null, null, null, null
from (select unnest(large) as id from told) l
-- In this order, only the index on it serves.
cross join lateral (select id, payload from task where id between l.id and l.id order by id offset 0) t
-- end many
