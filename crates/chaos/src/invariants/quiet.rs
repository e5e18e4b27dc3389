//! I8, I10 and I11: what the database and the processes show once the faults are over.

use std::time::Duration;

use anyhow::Result;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use crate::figures::Outcome;
use crate::scene::Scene;

/// Tasks that have not ended, and those of them that run.
const OPEN: &str = "select (select count(*) from task_ready) + (select count(*) from task_delayed) \
    + (select count(*) from task_running), (select count(*) from task_running)";

/// Sessions of the service that hold a transaction open without doing anything.
const IDLE: &str = "select count(*) from pg_stat_activity where application_name <> 'chaos' \
    and datname = current_database() and state like 'idle in transaction%' \
    and state_change < now() - interval '5 seconds'";

const CONNECTIONS: &str = "select count(*) from pg_stat_activity where application_name <> 'chaos' \
    and datname = current_database() and backend_type = 'client backend'";

/// Memory that a server or a worker may use, in KiB.
const MOST_RSS: u64 = 512 << 10;
/// Open files of a process.
const MOST_FILES: usize = 1_000;

/// Waits until every task has ended; how long that took. I8 and I10.
pub(crate) async fn all_ended(outcome: &mut Outcome, pool: &PgPool, limit: Duration) -> Result<()> {
    let begun = Instant::now();
    loop {
        let seen: Result<(i64, i64), _> = sqlx::query_as(OPEN).fetch_one(pool).await;
        match seen {
            Ok((0, _)) => break,
            Ok((open, running)) if begun.elapsed() > limit => {
                outcome.violations.push(format!("I8: {open} tasks, {running} of them running, have not ended {limit:?} after the last fault"));
                break;
            }
            Err(error) if begun.elapsed() > limit => {
                outcome.violations.push(format!(
                    "I8: the database cannot be asked {limit:?} after the last fault: {error}"
                ));
                break;
            }
            _ => sleep(Duration::from_millis(100)).await,
        }
    }
    outcome.figure("all_ended_after_ms", u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    Ok(())
}

/// What is left in the database, and what the processes use. I10 and I11.
pub(crate) async fn bounds(outcome: &mut Outcome, scene: &Scene) -> Result<()> {
    let idle: i64 = sqlx::query_scalar(IDLE).fetch_one(&scene.pool).await?;
    outcome.must(idle == 0, || format!("I10: {idle} sessions are idle in a transaction"));
    let connections: i64 = sqlx::query_scalar(CONNECTIONS).fetch_one(&scene.pool).await?;
    outcome.figure("connections", connections);
    let processes = scene.servers.iter().map(|server| &server.process);
    let processes = processes.chain(scene.workers.iter().map(|worker| &worker.process));
    let usages: Vec<_> = processes.map(crate::process::Process::usage).collect();
    let rss = usages.iter().map(|usage| usage.rss_kib).max().unwrap_or_default();
    let files = usages.iter().map(|usage| usage.files).max().unwrap_or_default();
    outcome.figure("rss_max_kib", rss);
    outcome.figure("files_max", files);
    outcome.must(rss <= MOST_RSS, || format!("I11: a process uses {rss} KiB"));
    outcome.must(files <= MOST_FILES, || format!("I11: a process has {files} files open"));
    Ok(())
}
