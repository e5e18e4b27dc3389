//! The ceiling held for minutes: whole lives, second by second.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{CLIENTS, command};
use crate::postgres::Postgres;
use crate::statistics::number;

/// Tasks in each statement.
const BATCH: u64 = 500;

/// Tasks through submit and drain in each second, one after the other on each session.
pub(crate) async fn held(postgres: &Postgres, time: Duration) -> Result<Vec<f64>> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("life.sql");
    std::fs::write(&script, concat!(include_str!("submit.sql"), "\n", include_str!("drain.sql")))?;
    postgres.execute(include_str!("schema.sql")).await?;
    postgres.execute("checkpoint").await?;
    let output = command(postgres, &script, BATCH)
        .args(["--time", &time.as_secs().to_string(), "--progress", "1"])
        .arg(postgres.url())
        .output()
        .await
        .context("pgbench cannot be started; it comes with the Postgres server")?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("pgbench failed: {told}");
    }
    // Sessions pass by what others have locked: what was left behind does not count.
    let mut connection = postgres.connect().await?;
    let (done, left): (f64, f64) = sqlx::query_as(
        "select (select count(*) from ceiling.finished)::float8, (select count(*) from ceiling.ready)::float8",
    )
    .fetch_one(&mut connection)
    .await?;
    postgres.execute("drop schema ceiling cascade").await?;
    let whole = number(BATCH) * done / (done + left);
    let second = |line: &str| {
        let rest = line.strip_prefix("progress: ")?;
        rest.split(", ").nth(1)?.split(' ').next()?.parse::<f64>().ok()
    };
    let rates: Vec<_> = told.lines().filter_map(second).map(|turns| turns * whole).collect();
    if rates.len() < 4 {
        bail!("{CLIENTS} sessions of pgbench told of {} seconds only", rates.len());
    }
    Ok(rates)
}
