//! Line 8, idle: what server and worker cost while nothing happens.

use std::time::Duration;

use anyhow::Result;
use sqlx::PgConnection;

use crate::bench::Bench;
use crate::processes::Process;
use crate::report::{Bar, Figure, Unit};
use crate::scene::until_ended;
use crate::statistics::number;
use crate::submit::put;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let time = bench.sizes.idle;
    bench.postgres.fresh().await?;
    let mut connection = bench.postgres.connect().await?;
    let (server, url) = Process::server(&bench.postgres.url()).await?;
    let worker = Process::worker(&bench.postgres.url(), 100)?;
    // They have worked before, as most idle ones have.
    put(&url, 1_000, 250, 2).await?;
    until_ended(&mut connection, 1_000).await?;
    // Its transactions would be counted with those of the service.
    autovacuum(bench, "off").await?;
    // What is idle tells its counts after ten seconds at most.
    tokio::time::sleep(Duration::from_secs(12)).await;

    let before = (statements(&mut connection).await?, server.usage()?.cpu, worker.usage()?.cpu);
    tokio::time::sleep(time).await;
    let (server_used, worker_used) = (server.usage()?, worker.usage()?);
    let after = statements(&mut connection).await?;
    let seconds = time.as_secs_f64();
    let figure = Figure::new(8, "idle: transactions, server and worker", Unit::PerSecond, Bar::AtMost(2.0));
    bench.report.note(&figure, (after - before.0) / seconds);
    let cpu = server_used.cpu.saturating_sub(before.1) + worker_used.cpu.saturating_sub(before.2);
    let figure = Figure::new(8, "idle: CPU of a core, server and worker", Unit::Percent, Bar::AtMost(0.5));
    bench.report.note(&figure, 100.0 * cpu.as_secs_f64() / seconds);
    let figure = Figure::new(8, "idle: worker's RSS", Unit::Bytes, Bar::AtMost(40.0 * 1_048_576.0));
    bench.report.note(&figure, number(worker_used.rss));
    let figure = Figure::new(8, "idle: server's RSS", Unit::Bytes, Bar::None);
    bench.report.note(&figure, number(server_used.rss));
    autovacuum(bench, "on").await?;
    worker.stop().await?;
    server.stop().await
}

async fn autovacuum(bench: &Bench, value: &str) -> Result<()> {
    bench.postgres.execute(&format!("alter system set autovacuum = {value}")).await?;
    bench.postgres.execute("select pg_reload_conf()").await
}

/// Transactions so far in this database, which autocommit makes the number of statements; this
/// session's own are not told while it is busy with one, but the last one is.
async fn statements(connection: &mut PgConnection) -> Result<f64> {
    Ok(sqlx::query_scalar(
        "select (xact_commit + xact_rollback)::float8 from pg_stat_database where datname = current_database()",
    )
    .fetch_one(connection)
    .await?)
}
