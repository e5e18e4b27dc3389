//! A prefilled backlog of no-op tasks, drained by worker processes.

use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::Signal;

use crate::postgres::Postgres;
use crate::processes::Process;
use crate::scene::{fill, rate, span, until_ended};

/// How the backlog and the workers come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The workers start on a full database.
    Full,
    /// The workers start on an empty database, plan their statements there, and are halted while
    /// it fills.
    Empty,
}

/// What a drain came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drain {
    /// Tasks a second.
    pub(crate) rate: f64,
    /// Processor time of the workers for each task, in microseconds.
    pub(crate) cpu_us: f64,
}

pub(crate) async fn measure(postgres: &Postgres, tasks: u64, workers: usize, start: Start) -> Result<Drain> {
    postgres.fresh().await?;
    let mut connection = postgres.connect().await?;
    let url = postgres.url();
    let spawn = || (0..workers).map(|_| Process::worker(&url, 100)).collect::<Result<Vec<_>>>();
    let workers = match start {
        Start::Full => {
            fill(postgres, tasks).await?;
            spawn()?
        }
        Start::Empty => {
            let workers = spawn()?;
            // A few tasks, so that every statement has been prepared and planned.
            fill(postgres, 20).await?;
            until_ended(&mut connection, 20).await?;
            tokio::time::sleep(Duration::from_secs(2)).await;
            workers.iter().try_for_each(|w| w.signal(Signal::SIGSTOP))?;
            sqlx::raw_sql("truncate task_history").execute(&mut connection).await?;
            fill(postgres, tasks).await?;
            workers.iter().try_for_each(|w| w.signal(Signal::SIGCONT))?;
            workers
        }
    };
    let extra = if start == Start::Empty { 20 } else { 0 };
    until_ended(&mut connection, tasks + extra).await?;
    let seconds = span(&mut connection, &[1]).await?;
    let mut cpu = Duration::ZERO;
    for worker in &workers {
        cpu += worker.usage()?.cpu;
    }
    for worker in workers {
        worker.stop().await?;
    }
    Ok(Drain { rate: rate(tasks, seconds), cpu_us: cpu.as_secs_f64() * 1e6 / rate(tasks, 1.0) })
}
