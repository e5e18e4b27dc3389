//! Whole lives through real processes: submit and drain at once, client, server, worker and
//! Postgres on the same cores.

use anyhow::Result;

use crate::postgres::Postgres;
use crate::processes::Process;
use crate::scene::{rate, span, until_ended};
use crate::submit::put;

/// What whole lives came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// Tasks a second, from the first create to the last end.
    pub(crate) rate: f64,
    /// WAL written for each task, in bytes.
    pub(crate) wal_bytes: f64,
    /// Commits for each task.
    pub(crate) commits: f64,
    /// Dead tuples for each task at the end.
    pub(crate) dead: f64,
}

pub(crate) async fn measure(postgres: &Postgres, tasks: u64) -> Result<Life> {
    postgres.fresh().await?;
    let mut connection = postgres.connect().await?;
    let (server, url) = Process::server(&postgres.url()).await?;
    let worker = Process::worker(&postgres.url(), 100)?;
    put(&url, 1_000, 250, 2).await?;
    until_ended(&mut connection, 1_000).await?;
    let read = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8, \
                (select xact_commit from pg_stat_database where datname = current_database())::float8";
    let before: (f64, f64) = sqlx::query_as(read).fetch_one(&mut connection).await?;
    sqlx::raw_sql("truncate task_history").execute(&mut connection).await?;
    put(&url, tasks, 250, 4).await?;
    until_ended(&mut connection, tasks + 1_000).await?;
    let seconds = span(&mut connection, &[0]).await?;
    let after: (f64, f64) = sqlx::query_as(read).fetch_one(&mut connection).await?;
    let (dead,): (f64,) = sqlx::query_as(
        "select coalesce(sum(n_dead_tup), 0)::float8 from pg_stat_user_tables where relname like 'task%'",
    )
    .fetch_one(&mut connection)
    .await?;
    worker.stop().await?;
    server.stop().await?;
    let count = rate(tasks, 1.0);
    Ok(Life {
        rate: rate(tasks, seconds),
        wal_bytes: (after.0 - before.0) / count,
        commits: (after.1 - before.1) / count,
        dead: dead / count,
    })
}
