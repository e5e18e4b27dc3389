//! A worker's life over the fake: the real stages, joined as the worker crate joins them.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{BoxStream, unfold};
use task_domain::RetryPolicy;
use task_domain::ports::WakeUp;
use task_pipeline::{
    Capacity, ClaimLayer, ExecuteLayer, Heartbeat, Limits, RecordLayer, RetryLayer, Running, Stage, ingest,
    live,
};
use task_plugin::Registry;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::gate::Gate;
use crate::link::Commit;
use crate::plugin::{KILLER, Script, WORK};
use crate::ports::Session;
use crate::tables::Tables;
use crate::world::World;

/// How a worker runs.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Tasks at a time.
    pub slots: usize,
    /// How long its lease lasts.
    pub lease_time: Duration,
    /// How long running attempts may go on after a stop.
    pub grace: Duration,
}

/// Runs a worker until it is told to stop.
pub async fn run(world: World, gate: Gate, options: Options, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let session = Session::open(world.database.clone(), gate.clone(), options.lease_time).await;
        let Ok(session) = session else {
            let pause = world.database.span(Duration::from_secs(1));
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => continue,
            }
        };
        world.database.note(|| format!("worker {} is registered", session.id));
        work(session, &world, &gate, options, &stop).await;
    }
}

async fn work(mut session: Session, world: &World, gate: &Gate, options: Options, stop: &CancellationToken) {
    let id = session.id;
    let (capacity, running) = (Capacity::new(options.slots), Running::default());
    let limits = Limits { timeout: Duration::from_secs(30) };
    let retry = RetryPolicy { initial: Duration::from_millis(500), max: Duration::from_secs(5) };
    let drain = stop.child_token();
    let look = Arc::new(Notify::new());
    let script = |kills| Script { world: world.clone(), gate: gate.clone(), kills };
    let plugins = Registry::new().with(WORK, script(false)).with(KILLER, script(true));

    let mut recorded = ingest(vec![polls(world.clone(), gate.clone())], drain.clone())
        .stage(ClaimLayer::new(|| session.claimer(), capacity.clone()))
        .stage(ExecuteLayer::new(plugins, limits, capacity.clone(), running.clone(), drain.clone()))
        .stage(RetryLayer::new(retry))
        .stage(RecordLayer::new(|| session.recorder(), capacity.clone()));

    let database = world.database.clone();
    let pipeline = async move {
        while let Some(recorded) = recorded.next().await {
            let lease = recorded.lease;
            database.note(|| format!("worker {id} hears of task {}: {:?}", lease.task, recorded.verdict));
        }
    };
    let heartbeat = Heartbeat { running, capacity, drain, look };
    live(&mut session, &heartbeat, options.grace, pipeline).await;
    world.database.note(|| format!("worker {id} signs off"));
    // One that cannot leaves what it holds to its lease.
    let _ = tokio::time::timeout(Duration::from_secs(1), session.end()).await;
}

/// Polls, and brings into line what is due: a fake without hints, so that all works by looking.
fn polls(world: World, gate: Gate) -> BoxStream<'static, WakeUp> {
    unfold((world, gate), |(world, gate)| async move {
        tokio::time::sleep(Duration::from_millis(200) + world.database.span(Duration::from_millis(800)))
            .await;
        // What is due and could not be moved is moved at the next look.
        let _ = world.database.send("promote", &gate, Commit::Waits, Tables::promote).await;
        Some((WakeUp::Poll, (world, gate)))
    })
    .boxed()
}
