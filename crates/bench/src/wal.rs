//! Line 10: what each task writes, how often processes notify, and what listeners cost.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use sqlx::postgres::PgListener;

use crate::bench::Bench;
use crate::report::{Bar, Figure, Unit};
use crate::scene::TURNS;
use crate::statistics::number;
use crate::{life, submit};

/// The channels that the service's processes notify on, and how often a process may do so in a second, whatever the load,
/// where one worker is live: 500, 200 and 500 times over any longer time, and 10 ms ahead of it. With more workers it is less.
const CHANNELS: [(&str, f64); 3] =
    [("task_ready", 510.0), ("task_changed", 204.0), ("task_cancelled", 510.0)];
/// Workers that listen and have nothing to do.
const LISTENERS: usize = 100;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let tasks = bench.sizes.tasks;
    let (listening, counted) = listen(&bench.postgres.url()).await?;
    let life = life::measure(&bench.postgres, tasks).await?;
    listening.send(()).ok();
    let sent = counted.await??;
    for (name, unit, value) in [
        ("WAL of a whole life", Unit::Bytes, life.wal_bytes),
        ("commits for a whole life", Unit::Count, life.commits),
        ("dead rows made by a whole life", Unit::Count, life.dead),
        ("dead rows left at the end, for each task", Unit::Count, life.dead_left),
    ] {
        bench.report.note(&Figure::new(10, name, unit, Bar::None), value);
    }
    for (channel, bound) in CHANNELS {
        let rates = sent.iter().filter(|((_, on), _)| on == channel).map(|(_, sent)| sent.rate());
        let name = format!("NOTIFY on {channel}, busiest process");
        let figure = Figure::new(10, name, Unit::PerSecond, Bar::AtMost(bound));
        bench.report.note(&figure, rates.fold(0.0, f64::max));
    }
    let figure = Figure::new(10, "NOTIFY, all processes and channels", Unit::PerSecond, Bar::None);
    bench.report.note(&figure, sent.values().map(Sent::rate).sum());
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

/// What a session has sent on a channel.
struct Sent {
    count: u64,
    first: Instant,
    last: Instant,
}

impl Sent {
    /// In a second, from the first to the last.
    fn rate(&self) -> f64 {
        let seconds = (self.last - self.first).as_secs_f64();
        if seconds > 0.0 { number(self.count - 1) / seconds } else { 0.0 }
    }
}

type ByChannel = HashMap<(u32, String), Sent>;
type Counting = tokio::task::JoinHandle<Result<ByChannel>>;

/// Counts notifications by session and channel, until told to stop. A process sends them by one session; those that go
/// with a task's own commit, by others, are of quiet times.
async fn listen(url: &str) -> Result<(tokio::sync::oneshot::Sender<()>, Counting)> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen_all(CHANNELS.map(|(channel, _)| channel)).await?;
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let counting = tokio::spawn(async move {
        let mut all = ByChannel::new();
        loop {
            tokio::select! {
                heard = listener.recv() => {
                    let (heard, now) = (heard?, Instant::now());
                    let sent = all.entry((heard.process_id(), heard.channel().to_owned()));
                    let sent = sent.or_insert(Sent { count: 0, first: now, last: now });
                    sent.count += 1;
                    sent.last = now;
                }
                _ = &mut stopped => return Ok(all),
            }
        }
    });
    // Nothing must be missed of what is measured next.
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok((stop, counting))
}
