-- What session $1 is at: since when, how far an index is that it builds, and whom it waits for. What the asking user may
-- not know of other users' sessions is null.
select greatest(extract(epoch from clock_timestamp() - a.query_start), 0)::bigint as seconds,
    p.phase,
    case
        when p.blocks_total > 0 then 100 * p.blocks_done / p.blocks_total
        when p.tuples_total > 0 then 100 * p.tuples_done / p.tuples_total
    end as percent,
    array(
        select concat(
            case pid when 0 then 'a prepared transaction' else 'session ' || pid end,
            ' (' || nullif(application_name, '') || ')',
            ', in a transaction for ' || round(extract(epoch from clock_timestamp() - xact_start)) || ' s')
        from unnest(pg_blocking_pids(a.pid)) as blocking(pid)
        left join pg_stat_activity using (pid)
        order by xact_start
        limit 5
    ) as blockers
from pg_stat_activity a
left join pg_stat_progress_create_index p on p.pid = a.pid
where a.pid = $1
