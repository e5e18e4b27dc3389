//! Line 1: a prefilled backlog of no-op tasks, drained by worker processes.

use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::Signal;

use crate::bench::Bench;
use crate::ceiling::cpu_us;
use crate::postgres::Postgres;
use crate::processes::Process;
use crate::report::{Bar, Figure, Unit};
use crate::scene::{fill, rate, span, until_ended};
use crate::statistics::number;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let tasks = bench.sizes.tasks;
    let before = bench.ceiling_before().await?;
    let full = measure(&bench.postgres, tasks, 1, Start::Full).await?;
    let between = bench.ceiling().await?;
    let ceiling = before.between(between);
    let figure = Figure::new(1, "drain by one worker", Unit::PerSecond, Bar::AtLeast(0.75));
    bench.report.share(&figure, full.rate, ceiling.drain, "ceiling");
    let figure = Figure::new(8, "worker's CPU for a drained task", Unit::Microseconds, Bar::AtMost(4.0));
    bench.report.note(&figure, full.cpu_us);
    // Machines differ: this does so less.
    let figure = Figure::new(8, "the same, of the ceiling's drain of a task", Unit::Percent, Bar::None);
    bench.report.note(&figure, 100.0 * full.cpu_us / cpu_us(ceiling.drain));
    let figure = Figure::new(8, "worker's RSS after a drain", Unit::Bytes, Bar::None);
    bench.report.note(&figure, number(full.rss));
    let empty = measure(&bench.postgres, tasks, 1, Start::Empty).await?;
    let after = bench.ceiling().await?;
    let figure = Figure::new(1, "drain, worker started on empty", Unit::PerSecond, Bar::AtLeast(0.75));
    bench.report.share(&figure, empty.rate, between.between(after).drain, "ceiling");
    Ok(())
}

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
    /// Memory of the largest worker at the end, in bytes.
    pub(crate) rss: u64,
    /// Tasks in a claim and in a record, on average.
    pub(crate) at_a_time: (f64, f64),
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
    let (mut cpu, mut rss) = (Duration::ZERO, 0);
    for worker in &workers {
        let usage = worker.usage()?;
        cpu += usage.cpu;
        rss = usage.rss.max(rss);
    }
    for worker in workers {
        worker.stop().await?;
    }
    // Each statement tells one event.
    let (claims, records): (i64, i64) = sqlx::query_as(
        "select count(*) filter (where to_status = 1), count(*) filter (where to_status = 3) from task_event",
    )
    .fetch_one(&mut connection)
    .await?;
    let in_each = |statements: i64| number(tasks) / number(statements.unsigned_abs().max(1));
    Ok(Drain {
        rate: rate(tasks, seconds),
        cpu_us: cpu.as_secs_f64() * 1e6 / number(tasks),
        rss,
        at_a_time: (in_each(claims), in_each(records)),
    })
}
