-- Workers that were lost, and outcomes that came too late to be written, in the last $1 seconds.
select
    (select count(*) from task_worker
     where end_reason in ('lease ran out', 'its session ended') and ended_at > now() - $1 * interval '1 second'),
    (select coalesce(sum(stale_writes), 0)::bigint from task_worker
     where stale_writes > 0 and seen_at > now() - $1 * interval '1 second')
