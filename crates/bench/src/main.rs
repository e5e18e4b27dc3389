//! Measures the service beside what plain SQL reaches on the same Postgres in the same run.

mod arguments;
mod bench;
mod ceiling;
mod cost;
mod drain;
mod flat;
mod floor;
mod format;
mod held;
mod hollow;
mod life;
mod pickup;
mod postgres;
mod processes;
mod report;
mod scene;
mod snapshot;
mod statistics;
mod submit;
mod wal;
mod watch;
mod workers;

use anyhow::{Result, bail};
use clap::Parser;
use task_telemetry::logging::Format;
use tokio::signal::unix::{SignalKind, signal};

use arguments::Arguments;
use bench::Bench;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // As every program of the service does; where nobody listens, each span goes looking for a listener elsewhere.
    task_telemetry::logging::init("error", Format::Text)?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // Left alone, its processes would go on, and gigabytes would stay.
    tokio::select! {
        done = run(arguments) => done,
        _ = terminate.recv() => bail!("told to stop"),
        _ = interrupt.recv() => bail!("told to stop"),
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let wants = |section: &str| arguments.wants(section);
    let sizes = arguments.sizes();
    let mut bench = Bench::start(sizes, arguments.json.clone()).await?;
    for run in 1..=sizes.runs {
        println!("run {run} of {}", sizes.runs);
        if wants("drain") {
            bench.section(1, "drain", drain::lines).await;
        }
        if wants("submit") {
            bench.section(2, "submit", submit::lines).await;
        }
        if wants("unary") {
            bench.section(2, "unary", submit::unary_lines).await;
        }
        if wants("life") {
            bench.section(3, "life", life::lines).await;
        }
        if wants("pickup") {
            bench.section(4, "pickup", pickup::lines).await;
        }
        if wants("workers") {
            bench.section(5, "workers", workers::lines).await;
        }
        if wants("firehose") {
            bench.section(9, "firehose", watch::firehose_lines).await;
        }
        if wants("wal") {
            bench.section(10, "wal", wal::lines).await;
        }
    }
    for run in 1..=sizes.long_runs {
        println!("long run {run} of {}", sizes.long_runs);
        if wants("long-life") {
            bench.section(3, "long-life", held::lines).await;
        }
        if wants("flat") {
            bench.section(6, "flat", flat::lines).await;
        }
        if wants("snapshot") {
            bench.section(7, "snapshot", snapshot::lines).await;
        }
        if wants("idle") {
            bench.section(8, "idle", cost::lines).await;
        }
        if wants("watch") {
            bench.section(9, "watch", watch::lines).await;
        }
    }
    bench.finish().await
}
