//! Line 3: whole lives through real processes: submit and drain at once, client, server, worker and
//! Postgres on the same cores.

use anyhow::Result;
use sqlx::PgConnection;

use crate::bench::Bench;
use crate::postgres::Postgres;
use crate::processes::Process;
use crate::report::{Bar, Figure, Unit};
use crate::scene::{rate, span, until_ended};
use crate::statistics::number;
use crate::submit::put;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let before = bench.ceiling_before().await?;
    let life = measure(&bench.postgres, bench.sizes.tasks).await?;
    let ceiling = before.between(bench.ceiling().await?);
    let figure = Figure::new(3, "whole lives", Unit::PerSecond, Bar::AtLeast(0.7));
    bench.report.share(&figure, life.rate, ceiling.life(), "ceiling");
    Ok(())
}

/// What whole lives came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// Tasks a second, from the first create to the last end.
    pub(crate) rate: f64,
    /// WAL written for each task, in bytes.
    pub(crate) wal_bytes: f64,
    /// Commits for each task.
    pub(crate) commits: f64,
    /// Rows deleted or replaced for each task: what vacuum has to take away.
    pub(crate) dead: f64,
    /// Of those, left at the end.
    pub(crate) dead_left: f64,
}

/// Tasks before the measured ones, so that every process is warm.
const WARM: u64 = 1_000;

pub(crate) async fn measure(postgres: &Postgres, tasks: u64) -> Result<Life> {
    postgres.fresh().await?;
    let mut connection = postgres.connect().await?;
    let (server, url) = Process::server(&postgres.url()).await?;
    let worker = Process::worker(&postgres.url(), 100)?;
    put(&url, WARM, 250, 2).await?;
    until_ended(&mut connection, WARM).await?;
    sqlx::raw_sql("truncate task_history").execute(&mut connection).await?;
    let before = Written::read(&mut connection).await?;
    put(&url, tasks, 250, 4).await?;
    until_ended(&mut connection, tasks + WARM).await?;
    let seconds = span(&mut connection, &[0]).await?;
    // A second, so that the sessions have told their counts.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let after = Written::read(&mut connection).await?;
    worker.stop().await?;
    server.stop().await?;
    let each = |count: f64| count / number(tasks);
    Ok(Life {
        rate: rate(tasks, seconds),
        wal_bytes: each(after.wal - before.wal),
        commits: each(after.commits - before.commits),
        dead: each(after.dead - before.dead),
        dead_left: each(after.dead_left),
    })
}

/// What Postgres has written so far.
#[derive(sqlx::FromRow)]
struct Written {
    wal: f64,
    commits: f64,
    dead: f64,
    dead_left: f64,
}

impl Written {
    async fn read(connection: &mut PgConnection) -> sqlx::Result<Self> {
        sqlx::query_as(
            "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as wal, \
             (select xact_commit from pg_stat_database where datname = current_database())::float8 as commits, \
             coalesce(sum(n_tup_del + n_tup_upd), 0)::float8 as dead, \
             coalesce(sum(n_dead_tup), 0)::float8 as dead_left \
             from pg_stat_user_tables where schemaname = 'public'",
        )
        .fetch_one(connection)
        .await
    }
}
