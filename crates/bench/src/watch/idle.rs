//! Thousands of watches on which nothing happens, and how soon one of them is told of a change.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use task_proto::v1;
use task_proto::v1::watch_tasks_response::Event;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::bench::Bench;
use crate::processes::Process;
use crate::report::{Bar, Figure, Unit};
use crate::scene::client;
use crate::snapshot::future;
use crate::statistics::{number, percentile};

/// Streams that share a connection, as those of one gateway or dashboard server do.
const SHARING: usize = 100;
/// Changes that are timed, at most.
const CHANGES: usize = 300;
const BYTES: f64 = 25.0 * 1_024.0;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let watches = bench.sizes.watches;
    for (sharing, how) in [(SHARING, "shared by 100"), (1, "each its own")] {
        // Client and server need a file for each connection, and the server serves 10,000.
        let watches = if sharing == 1 { watches.min(9_000) } else { watches };
        let (bytes, times) = measure(bench, watches, sharing).await?;
        let bar = |bar| if sharing == 1 { Bar::None } else { bar };
        let name = format!("server's RSS for a watch, {watches}, {how}");
        bench.report.note(&Figure::new(9, name, Unit::Bytes, bar(Bar::AtMost(BYTES))), bytes);
        let name = format!("cancel sent to watcher told, p99, {how}");
        let figure = Figure::new(9, name, Unit::Milliseconds, bar(Bar::AtMost(100.0)));
        bench.report.note(&figure, percentile(&times, 0.99));
    }
    Ok(())
}

/// Memory for each watch, and how long changes took to their watchers, in milliseconds.
async fn measure(bench: &Bench, watches: usize, sharing: usize) -> Result<(f64, Vec<f64>)> {
    bench.postgres.fresh().await?;
    let (server, url) = Process::server(&bench.postgres.url()).await?;
    future(&bench.postgres, i64::try_from(watches)?).await?;
    let mut control = client(&url)?;
    for _ in 0..100 {
        control.get_task(v1::GetTaskRequest { id: 1 }).await?;
    }
    sleep(Duration::from_secs(2)).await;
    let before = server.usage()?.rss;

    let (told, mut tellings) = mpsc::channel(watches);
    let mut readers = JoinSet::new();
    let mut stub = control.clone();
    for place in 0..watches {
        if place % sharing == 0 {
            stub = client(&url)?;
        }
        let id = i64::try_from(place)? + 1;
        let tasks = vec![v1::TaskCursor { id, after_version: 1 }];
        let request = v1::WatchTasksRequest { tasks, filter: None, interval: None };
        let mut stream = stub.watch_tasks(request).await?.into_inner();
        stream.message().await?.context("the watch ended at once")?;
        let (told, kept) = (told.clone(), stub.clone());
        readers.spawn(async move {
            // The connection stays open as long as its last user.
            let _kept = kept;
            while let Ok(Some(message)) = stream.message().await {
                if let Some(Event::Change(change)) = message.event {
                    let id = change.entry.map_or(0, |entry| entry.task_id);
                    let _ = told.send((id, Instant::now())).await;
                }
            }
        });
    }
    drop(stub);
    sleep(Duration::from_secs(3)).await;
    let after = server.usage()?.rss;

    let mut times = Vec::new();
    let changes = CHANGES.min(watches / 20);
    for change in 0..changes {
        sleep(Duration::from_millis(20).mul_f64(2.0 * rand::random::<f64>())).await;
        let id = i64::try_from(change * (watches / changes))? + 1;
        let sent = Instant::now();
        control.cancel_task(v1::CancelTaskRequest { id, reason: String::new() }).await?;
        let telling = timeout(Duration::from_secs(10), tellings.recv()).await;
        let (seen, at) = telling.context("a change never came")?.context("all watches ended")?;
        ensure!(seen == id, "task {seen} was told of instead of task {id}");
        times.push((at - sent).as_secs_f64() * 1e3);
    }
    readers.shutdown().await;
    drop(control);
    server.stop().await?;
    Ok(((number(after) - number(before)) / number(watches as u64), times))
}
