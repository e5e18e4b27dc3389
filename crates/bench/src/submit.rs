//! Line 2: tasks put in through gRPC, each answered only after its commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::Result;
use task_domain::ports::{Claim, WakeUp};
use task_domain::{Kind, WorkerInfo};
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use task_store::{Session, SessionSettings, Told};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::transport::Channel;

use crate::bench::Bench;
use crate::ceiling::cpu_us;
use crate::hollow;
use crate::postgres::Postgres;
use crate::processes::{Process, Usage};
use crate::report::{Bar, Figure, Unit};
use crate::scene::{client, rate, spec};
use crate::statistics::number;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let tasks = bench.sizes.tasks;
    let mut before = bench.ceiling_before().await?;
    for (batch, bar) in [(250, Bar::AtLeast(0.65)), (1_000, Bar::None)] {
        let submit = measure(&bench.postgres, tasks, batch, 8).await?;
        let after = bench.ceiling().await?;
        let ceiling = before.between(after);
        before = after;
        let name = format!("submit by batches of {batch}, 8 callers");
        let figure = Figure::new(2, name, Unit::PerSecond, bar);
        bench.report.share(&figure, submit.rate, ceiling.submit, "ceiling");
    }
    Ok(())
}

/// The same by single calls.
pub(crate) async fn unary_lines(bench: &mut Bench) -> Result<()> {
    let before = bench.ceiling_before().await?;
    let unary = measure(&bench.postgres, bench.sizes.tasks / 3, 1, 64).await?;
    let ceiling = before.between(bench.ceiling().await?);
    let figure = Figure::new(2, "submit by single calls, 64 callers", Unit::PerSecond, Bar::AtLeast(0.11));
    bench.report.share(&figure, unary.rate, ceiling.submit, "ceiling");
    let figure = Figure::new(8, "CPU of a single call, both ends", Unit::Microseconds, Bar::AtMost(50.0));
    bench.report.note(&figure, unary.cpu_us + unary.own_cpu_us);
    let figure = Figure::new(8, "the same, of the ceiling's submit of a task", Unit::Percent, Bar::None);
    bench.report.note(&figure, 100.0 * (unary.cpu_us + unary.own_cpu_us) / cpu_us(ceiling.submit));
    let hollow = hollow::call_us(bench.sizes.tasks / 3, 64).await?;
    let figure = Figure::new(8, "CPU of a call that does nothing, both ends", Unit::Microseconds, Bar::None);
    bench.report.note(&figure, hollow);
    let figure = Figure::new(8, "CPU of a single call, the server's", Unit::Microseconds, Bar::None);
    bench.report.note(&figure, unary.cpu_us);
    Ok(())
}

/// What submitting came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Submit {
    /// Tasks a second.
    pub(crate) rate: f64,
    /// Processor time of the server for each task, in microseconds.
    pub(crate) cpu_us: f64,
    /// The same of the client.
    pub(crate) own_cpu_us: f64,
}

/// Puts tasks in by batches from `callers` concurrent callers; by single calls if `batch` is 1.
pub(crate) async fn measure(postgres: &Postgres, tasks: u64, batch: u64, callers: u64) -> Result<Submit> {
    measure_beside(postgres, tasks, batch, callers, 0).await
}

/// The same, while so many idle workers listen.
pub(crate) async fn measure_beside(
    postgres: &Postgres,
    tasks: u64,
    batch: u64,
    callers: u64,
    workers: usize,
) -> Result<Submit> {
    postgres.fresh().await?;
    let (server, url) = Process::server(&postgres.url()).await?;
    let mut idle = JoinSet::new();
    for _ in 0..workers {
        idle.spawn(listen(session(postgres).await?));
    }
    if workers > 0 {
        // Until the server has counted them.
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    // The first calls open connections and meet new lanes.
    put(&url, 100, batch.min(100), callers.min(4)).await?;
    let before = (server.usage()?.cpu, Usage::own()?.cpu);
    let begun = Instant::now();
    put(&url, tasks, batch, callers).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / number(tasks);
    let cpu_us = each(server.usage()?.cpu.saturating_sub(before.0));
    let own_cpu_us = each(Usage::own()?.cpu.saturating_sub(before.1));
    server.stop().await?;
    Ok(Submit { rate: rate(tasks, seconds), cpu_us, own_cpu_us })
}

/// A worker of a type that nobody submits.
async fn session(postgres: &Postgres) -> Result<Session> {
    let info = WorkerInfo {
        name: "idle".into(),
        host: "host".into(),
        version: "bench".into(),
        kinds: vec![Kind::from_store("other")],
        queues: Vec::new(),
        slots: 1,
    };
    // Nobody renews it.
    let options = SessionSettings { lease_time: Duration::from_hours(1), ..Default::default() };
    Ok(Session::open(postgres.settings()?, info, options).await?)
}

/// Hears and polls as a worker does.
async fn listen(session: Session) {
    let (mut wake_ups, mut claimer) = (session.wake_ups(), session.claimer());
    loop {
        // Nothing is there for it.
        let _ = match wake_ups.next().await {
            Told::Work(WakeUp::Single(spot)) => claimer.claim_at(spot, 1).await,
            Told::Work(_) => claimer.claim(1).await,
            Told::Cancelled => continue,
        };
    }
}

/// Puts `tasks` tasks in and returns when all are answered.
pub(crate) async fn put(url: &str, tasks: u64, batch: u64, callers: u64) -> Result<()> {
    let left = Arc::new(AtomicU64::new(tasks / batch));
    let mut calls = JoinSet::new();
    let mut clients = Vec::new();
    for _ in 0..callers.min(4) {
        clients.push(client(url)?);
    }
    for caller in 0..callers {
        let place = usize::try_from(caller)? % clients.len();
        calls.spawn(call(clients[place].clone(), left.clone(), batch));
    }
    while let Some(done) = calls.join_next().await {
        done??;
    }
    Ok(())
}

async fn call(mut client: TaskServiceClient<Channel>, left: Arc<AtomicU64>, batch: u64) -> Result<()> {
    while left.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok() {
        create(&mut client, 0, batch).await?;
    }
    Ok(())
}

/// Creates the tasks `from` and following in one call.
pub(crate) async fn create(client: &mut TaskServiceClient<Channel>, from: u64, batch: u64) -> Result<()> {
    if batch == 1 {
        client.create_task(v1::CreateTaskRequest { task: Some(spec(from)) }).await?;
        return Ok(());
    }
    let tasks = (from..from + batch).map(spec).collect();
    let answer = client.create_tasks(v1::CreateTasksRequest { tasks }).await?.into_inner();
    let stored = |r: &v1::CreateTaskResult| matches!(r.result, Some(v1::create_task_result::Result::Task(_)));
    anyhow::ensure!(answer.results.iter().all(stored), "a task was refused");
    Ok(())
}
