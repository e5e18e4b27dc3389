//! One run: everybody plays for a while, then nothing goes wrong any more, and all is judged.

use std::time::Duration;

use rand::RngExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::bug::Bug;
use crate::link::{Counts, Database, Faults};
use crate::oracle;
use crate::worker::Options;
use crate::{cast, world::World};

/// So long after the last fault, every task has to have ended.
const PATIENCE: Duration = Duration::from_mins(15);

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The seed, which gives the same run again.
    pub seed: u64,
    /// One line for every event.
    pub trace: Vec<String>,
    /// What is wrong, one sentence each.
    pub wrong: Vec<String>,
    /// How many things happened.
    pub counts: Counts,
    /// How long it took by the simulation's clock.
    pub lasted: Duration,
}

/// Plays the run of a seed, with a bug in the store if one is given.
///
/// # Panics
/// If no runtime can be had.
pub fn run(seed: u64, bug: Option<Bug>) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without input and output needs nothing");
    task_pipeline::chance::seed(seed);
    let report = runtime.block_on(play(seed, bug));
    runtime.shutdown_background();
    report
}

async fn play(seed: u64, bug: Option<Bug>) -> Report {
    let world = World::new(Database::new(seed, bug));
    let database = &world.database;
    let mut cast = JoinSet::new();
    let (workers, servers, tasks, rough) = {
        let mut shared = database.open();
        shared.faults = faults(&mut shared.chance);
        let chance = &mut shared.chance;
        (
            chance.random_range(1..=4),
            chance.random_range(1..=2),
            chance.random_range(5..40),
            Duration::from_secs(chance.random_range(20..120)),
        )
    };
    let until = Instant::now() + rough;
    let mut hands = Vec::new();
    for _ in 0..workers {
        let options = options(&mut database.open().chance);
        let (hand, held) = tokio::sync::watch::channel(Default::default());
        hands.push(held);
        cast.spawn(cast::supervisor(world.clone(), options, hand));
    }
    for _ in 0..servers {
        cast.spawn(cast::server(database.clone()));
    }
    cast.spawn(cast::operator(world.clone(), until));
    cast.spawn(cast::nemesis(world.clone(), hands, until));
    let mut clients = JoinSet::new();
    for n in 0..tasks {
        let (world, wait) = (world.clone(), database.span(rough));
        clients.spawn(async move {
            sleep(wait).await;
            cast::client(world, format!("key {n}")).await;
        });
    }
    tokio::time::sleep_until(until).await;
    database.open().faults = Faults::default();
    database.note(|| "nothing goes wrong any more".to_owned());
    let _ = tokio::time::timeout(PATIENCE, clients.join_all()).await;
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end && !database.open().tables.tasks.values().all(|row| row.status.is_terminal()) {
        sleep(Duration::from_secs(1)).await;
    }
    let lasted = database.now();
    cast.shutdown().await;
    report(seed, &world, lasted)
}

fn report(seed: u64, world: &World, lasted: Duration) -> Report {
    let mut shared = world.database.open();
    let (mut wrong, trace) = (std::mem::take(&mut shared.wrong), std::mem::take(&mut shared.trace));
    wrong.extend(oracle::judge(&shared.tables, &world.promises()));
    let killed = |e: &&crate::tables::Entry| {
        e.cause == task_domain::Cause::LeaseLost && e.status == task_domain::Status::Failed
    };
    shared.counts.killers = shared.tables.history.iter().filter(killed).count() as u64;
    Report { seed, trace, wrong, counts: shared.counts, lasted }
}

/// Each run has some kinds of faults and not others, so that rare ones are not drowned.
fn faults(chance: &mut impl rand::Rng) -> Faults {
    let mut often = |most: f64| if chance.random_bool(0.5) { most * chance.random::<f64>() } else { 0.0 };
    Faults { before: often(0.2), after: often(0.2), silent: often(0.05), slow: often(0.05) }
}

fn options(chance: &mut impl rand::Rng) -> Options {
    Options {
        slots: chance.random_range(1..5),
        lease_time: Duration::from_secs(if chance.random_bool(0.3) { 3 } else { 15 }),
        grace: Duration::from_secs(chance.random_range(0..5)),
    }
}
