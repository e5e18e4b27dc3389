//! Line 10: what each task writes, how often processes notify, and what listeners cost.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use sqlx::postgres::PgListener;

use crate::bench::Bench;
use crate::report::{Bar, Figure, Unit};
use crate::scene::TURNS;
use crate::statistics::number;
use crate::{life, submit};

/// The channels that the service's processes notify on.
const CHANNELS: [&str; 3] = ["task_ready", "task_changed", "task_cancelled"];
/// Sends that a process may make in a second, whatever the load.
const BOUND: f64 = 200.0;
/// Workers that listen and have nothing to do.
const LISTENERS: usize = 100;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let tasks = bench.sizes.tasks;
    let (listening, counted) = listen(&bench.postgres.url()).await?;
    let life = life::measure(&bench.postgres, tasks).await?;
    listening.send(()).ok();
    let counts = counted.await??;
    for (name, unit, value) in [
        ("WAL of a whole life", Unit::Bytes, life.wal_bytes),
        ("commits for a whole life", Unit::Count, life.commits),
        ("dead rows made by a whole life", Unit::Count, life.dead),
        ("dead rows left at the end, for each task", Unit::Count, life.dead_left),
    ] {
        bench.report.note(&Figure::new(10, name, unit, Bar::None), value);
    }
    let busiest = counts.values().copied().max().unwrap_or_default();
    let figure =
        Figure::new(10, "NOTIFY on one channel, busiest process", Unit::PerSecond, Bar::AtMost(BOUND));
    bench.report.note(&figure, number(busiest) / life.seconds);
    let figure = Figure::new(10, "NOTIFY, all processes and channels", Unit::PerSecond, Bar::None);
    bench.report.note(&figure, number(counts.values().sum()) / life.seconds);
    listeners(bench).await
}

/// Submits with and without idle workers, by turns.
async fn listeners(bench: &mut Bench) -> Result<()> {
    let (mut with, mut without) = (0.0, 0.0);
    for beside in TURNS {
        let workers = if beside { LISTENERS } else { 0 };
        let submit = submit::measure_beside(&bench.postgres, bench.sizes.tasks, 250, 4, workers).await?;
        *if beside { &mut with } else { &mut without } += submit.rate / 2.0;
    }
    let name = format!("submit beside {LISTENERS} idle workers");
    let figure = Figure::new(10, name, Unit::PerSecond, Bar::AtLeast(0.95));
    bench.report.share(&figure, with, without, "none");
    Ok(())
}

type Counts = HashMap<(u32, String), u64>;
type Counting = tokio::task::JoinHandle<Result<Counts>>;

/// Counts notifications by session and channel, until told to stop. A process sends them by one session; those that go
/// with a task's own commit, by others, are of quiet times.
async fn listen(url: &str) -> Result<(tokio::sync::oneshot::Sender<()>, Counting)> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen_all(CHANNELS).await?;
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let counting = tokio::spawn(async move {
        let mut counts = Counts::new();
        loop {
            tokio::select! {
                heard = listener.recv() => {
                    let heard = heard?;
                    *counts.entry((heard.process_id(), heard.channel().to_owned())).or_default() += 1;
                }
                _ = &mut stopped => return Ok(counts),
            }
        }
    });
    // Nothing must be missed of what is measured next.
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok((stop, counting))
}
