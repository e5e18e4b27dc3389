//! What this machine's Postgres can do at most for the whole durable life of a task, in plain SQL
//! from pgbench: the yardstick that every figure is told as a share of.

mod held;

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tokio::process::Command;

pub(crate) use held::held;

use crate::postgres::Postgres;
use crate::statistics::number;

/// Tasks a second.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Ceiling {
    pub(crate) submit: f64,
    pub(crate) drain: f64,
}

impl Ceiling {
    /// Tasks that go through submit and drain in a second, one after the other.
    pub(crate) fn life(&self) -> f64 {
        1.0 / (1.0 / self.submit + 1.0 / self.drain)
    }

    /// Between one taken before and one taken after what is held against it.
    pub(crate) fn between(self, after: Self) -> Self {
        Self {
            submit: f64::midpoint(self.submit, after.submit),
            drain: f64::midpoint(self.drain, after.drain),
        }
    }

    fn best(self, other: Self) -> Self {
        Self { submit: self.submit.max(other.submit), drain: self.drain.max(other.drain) }
    }
}

/// Sessions that pgbench uses: as many as the machine has cores in the measured set-up.
const CLIENTS: u64 = 2;

/// Processor time that Postgres and pgbench have for each task at this rate, in microseconds: they keep all cores
/// of the measured set-up busy.
pub(crate) fn cpu_us(rate: f64) -> f64 {
    number(CLIENTS) * 1e6 / rate
}

/// Measures with batches of 250 and 500 and takes the best of each.
pub(crate) async fn measure(postgres: &Postgres, tasks: u64) -> Result<Ceiling> {
    let folder = tempfile::tempdir()?;
    let submit = folder.path().join("submit.sql");
    let drain = folder.path().join("drain.sql");
    std::fs::write(&submit, include_str!("ceiling/submit.sql"))?;
    std::fs::write(&drain, include_str!("ceiling/drain.sql"))?;
    let mut best: Option<Ceiling> = None;
    for batch in [250, 500] {
        postgres.execute(include_str!("ceiling/schema.sql")).await?;
        postgres.execute("checkpoint").await?;
        let turns = (tasks / batch / CLIENTS).max(1);
        let submitted = pgbench(postgres, &submit, batch, turns).await?;
        postgres.execute("vacuum analyze ceiling.ready").await?;
        postgres.execute("vacuum analyze ceiling.task").await?;
        let drained = pgbench(postgres, &drain, batch, turns).await?;
        let one = Ceiling { submit: submitted, drain: drained };
        best = Some(best.map_or(one, |b| b.best(one)));
    }
    postgres.execute("drop schema ceiling cascade").await?;
    best.context("no batch size was measured")
}

async fn pgbench(postgres: &Postgres, script: &Path, batch: u64, turns: u64) -> Result<f64> {
    let output = command(postgres, script, batch)
        .args(["--transactions", &turns.to_string()])
        .arg(postgres.url())
        .output()
        .await
        .context("pgbench cannot be started; it comes with the Postgres server")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate =
        text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
    match rate {
        Some(rate) if output.status.success() => Ok(rate * number(batch)),
        _ => bail!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

fn command(postgres: &Postgres, script: &Path, batch: u64) -> Command {
    let mut command = Command::new(postgres.program("pgbench"));
    command
        .args(["--no-vacuum", "--define", &format!("batch={batch}"), "--define", "after=0"])
        .args(["--client", &CLIENTS.to_string(), "--jobs", &CLIENTS.to_string(), "--file"])
        .arg(script)
        .kill_on_drop(true);
    command
}
