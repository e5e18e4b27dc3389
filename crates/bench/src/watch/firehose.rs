//! What a watcher of everything costs a drain at full speed.

use anyhow::Result;
use task_proto::v1;
use task_proto::v1::watch_tasks_response::Event;

use crate::bench::Bench;
use crate::postgres::Postgres;
use crate::processes::Process;
use crate::report::{Bar, Figure, Unit};
use crate::scene::{client, fill, rate, span, until_ended};
use crate::statistics::number;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let tasks = bench.sizes.tasks;
    let (without, _) = drain(&bench.postgres, tasks, false).await?;
    let (with, seen) = drain(&bench.postgres, tasks, true).await?;
    let figure = Figure::new(9, "drain beside a watcher of everything", Unit::PerSecond, Bar::AtLeast(0.9));
    bench.report.share(&figure, with, without, "without");
    let figure = Figure::new(9, "of its changes told to that watcher", Unit::Percent, Bar::None);
    bench.report.note(&figure, 100.0 * number(seen) / number(2 * tasks));
    Ok(())
}

/// The rate of a drain beside a server, and how many changes the watcher was told by its end.
async fn drain(postgres: &Postgres, tasks: u64, watched: bool) -> Result<(f64, u64)> {
    postgres.fresh().await?;
    fill(postgres, tasks).await?;
    let mut connection = postgres.connect().await?;
    let (server, url) = Process::server(&postgres.url()).await?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let mut client = client(&url)?;
    let watcher = if watched {
        let mut stream = client.watch_tasks(v1::WatchTasksRequest::default()).await?.into_inner();
        stream.message().await?;
        Some(tokio::spawn(read(stream, stopped)))
    } else {
        None
    };
    let worker = Process::worker(&postgres.url(), 100)?;
    until_ended(&mut connection, tasks).await?;
    let seconds = span(&mut connection, &[1]).await?;
    stop.send(()).ok();
    let seen = match watcher {
        Some(watcher) => watcher.await??,
        None => 0,
    };
    worker.stop().await?;
    drop(client);
    server.stop().await?;
    Ok((rate(tasks, seconds), seen))
}

/// Reads until told to stop; how many changes there were.
async fn read(
    mut stream: tonic::Streaming<v1::WatchTasksResponse>,
    mut stopped: tokio::sync::oneshot::Receiver<()>,
) -> Result<u64> {
    let mut seen = 0;
    loop {
        tokio::select! {
            message = stream.message() => match message?.and_then(|m| m.event) {
                Some(Event::Change(_)) => seen += 1,
                Some(_) => {}
                None => anyhow::bail!("the watch of everything ended"),
            },
            _ = &mut stopped => return Ok(seen),
        }
    }
}
