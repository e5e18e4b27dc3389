//! What a watcher of everything costs a drain at full speed.

use anyhow::Result;
use task_proto::v1;
use task_proto::v1::watch_tasks_response::Event;
use tokio::time::Instant;

use crate::bench::Bench;
use crate::postgres::Postgres;
use crate::processes::Process;
use crate::report::{Bar, Figure, Unit};
use crate::scene::{TURNS, client, fill, rate, span, until_ended};
use crate::statistics::{mean, number};

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let tasks = bench.sizes.tasks;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for watched in TURNS {
        let drained = drain(&bench.postgres, tasks, watched).await?;
        if watched { &mut with } else { &mut without }.push(drained);
    }
    let rate = |drains: &[Drained]| mean(&drains.iter().map(|drained| drained.rate).collect::<Vec<_>>());
    let figure = Figure::new(9, "drain beside a watcher of everything", Unit::PerSecond, Bar::AtLeast(0.9));
    bench.report.share(&figure, rate(&with), rate(&without), "without");
    let seen: u64 = with.iter().map(|drained| drained.seen).sum();
    let figure = Figure::new(9, "of its changes told to that watcher", Unit::Percent, Bar::None);
    bench.report.note(&figure, 100.0 * number(seen) / number(2 * 2 * tasks));
    for (name, drains) in
        [("server's CPU of a core beside that drain", &with), ("the same without it", &without)]
    {
        let cpu: Vec<_> = drains.iter().map(|drained| drained.cpu).collect();
        bench.report.note(&Figure::new(9, name, Unit::Percent, Bar::None), 100.0 * mean(&cpu));
    }
    Ok(())
}

/// What a drain beside a server came to.
struct Drained {
    /// Tasks a second.
    rate: f64,
    /// How many changes the watcher was told by its end.
    seen: u64,
    /// Cores that the server used.
    cpu: f64,
}

async fn drain(postgres: &Postgres, tasks: u64, watched: bool) -> Result<Drained> {
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
    let (begun, before) = (Instant::now(), server.usage()?.cpu);
    until_ended(&mut connection, tasks).await?;
    let cpu = server.usage()?.cpu.saturating_sub(before).as_secs_f64() / begun.elapsed().as_secs_f64();
    let seconds = span(&mut connection, &[1]).await?;
    stop.send(()).ok();
    let seen = match watcher {
        Some(watcher) => watcher.await??,
        None => 0,
    };
    worker.stop().await?;
    drop(client);
    server.stop().await?;
    Ok(Drained { rate: rate(tasks, seconds), seen, cpu })
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
