//! Everybody beside the workers: who submits, who operates, who sweeps, and who does harm.

use std::time::Duration;

use rand::RngExt;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::gate::Gate;
use crate::link::{Commit, Database};
use crate::plugin::{KILLER, WORK};
use crate::tables::Loss;
use crate::worker::{self, Options};
use crate::world::World;

/// Submits a task, again and again until it is acknowledged, perhaps several times over.
pub async fn client(world: World, name: String) {
    let database = &world.database;
    let (kind, retries, timeout, times) = {
        let chance = &mut database.open().chance;
        let kind = if chance.random_bool(0.04) { KILLER } else { WORK };
        let timeout = chance.random_bool(0.3).then(|| Duration::from_secs(chance.random_range(1..6)));
        (kind, chance.random_range(0..4), timeout, if chance.random_bool(0.1) { 2 } else { 1 })
    };
    let gate = Gate::default();
    for _ in 0..times {
        loop {
            let key = name.clone();
            let submit = database.send("submit", &gate, Commit::Waits, move |t, now| {
                t.submit(&key, kind, retries, timeout, now)
            });
            if let Ok(id) = submit.await {
                break world.promises().acknowledged.entry(name.clone()).or_default().push(id);
            }
            sleep(database.span(Duration::from_secs(1))).await;
        }
    }
}

/// Cancels some tasks and has some run again.
pub async fn operator(world: World, until: Instant) {
    let gate = Gate::default();
    while Instant::now() < until {
        sleep(world.database.span(Duration::from_secs(20))).await;
        let (cancels, id) = {
            let mut shared = world.database.open();
            let tasks = i64::try_from(shared.tables.tasks.len()).unwrap_or(i64::MAX);
            (shared.chance.random_bool(0.7), shared.chance.random_range(0..=tasks))
        };
        let what = if cancels { "cancel" } else { "retry" };
        // An operator who has no answer does not try again.
        let asks = world.database.send(what, &gate, Commit::Waits, move |t, now| {
            if cancels { t.cancel(id) } else { t.retry(id, now) }
        });
        let _ = asks.await;
    }
}

/// A server's upkeep: once a second it ends the workers whose lease ran out, if it has watched for
/// long enough to say so, and takes their work back.
pub async fn server(database: Database) {
    /// A longer pause between two rounds is a gap, as in the store.
    const GAP: Duration = Duration::from_secs(4);
    let gate = Gate::default();
    let mut span: Option<(Instant, Instant)> = None;
    loop {
        sleep(Duration::from_millis(900) + database.span(Duration::from_millis(200))).await;
        let watched = span
            .filter(|(_, until)| until.elapsed() < GAP)
            .map_or(Duration::ZERO, |(since, _)| since.elapsed());
        let judge = database.send("upkeep", &gate, Commit::Waits, move |t, now| t.judge(watched, now));
        let Ok(lost) = judge.await else {
            span = None;
            continue;
        };
        let now = Instant::now();
        span = match span {
            Some((since, until)) if now - until < GAP => Some((since, now)),
            _ => Some((now, now)),
        };
        database.open().counts.lost_workers += lost.len() as u64;
        if !lost.is_empty() {
            database.note(|| format!("workers {lost:?} are held to be lost"));
        }
        let units: Vec<f64> = std::iter::repeat_with(|| database.open().chance.random()).take(8).collect();
        let reclaim = database.send("reclaim", &gate, Commit::Waits, move |t, now| {
            let mut units = units.into_iter().cycle();
            t.reclaim(Loss::Lost, now, || units.next().unwrap_or_default())
        });
        // What could not be taken back now is at the next round.
        let _ = reclaim.await;
    }
}

/// One process after the other, each a new worker; `hand` is what holds the present one.
pub async fn supervisor(
    world: World,
    options: Options,
    hand: tokio::sync::watch::Sender<(Gate, CancellationToken)>,
) {
    loop {
        let (gate, stop) = (Gate::default(), CancellationToken::new());
        hand.send_replace((gate.clone(), stop.clone()));
        let process = gate.hold(worker::run(world.clone(), gate.clone(), options, stop));
        tokio::select! {
            biased;
            () = gate.died() => world.database.note(|| "a worker's process is dead".to_owned()),
            () = process => world.database.note(|| "a worker's process has ended".to_owned()),
        }
        // Nothing of it goes on.
        gate.kill();
        sleep(world.database.span(Duration::from_secs(4))).await;
    }
}

/// Does harm until it is over.
pub async fn nemesis(
    world: World,
    hands: Vec<tokio::sync::watch::Receiver<(Gate, CancellationToken)>>,
    until: Instant,
) {
    let database = &world.database;
    // Some runs are rough in one way, some in another.
    let (weights, most) = {
        let chance = &mut database.open().chance;
        let weights: [u32; 6] =
            std::array::from_fn(|_| if chance.random_bool(0.5) { chance.random_range(0..10) } else { 0 });
        (weights, Duration::from_secs(chance.random_range(4..40)))
    };
    loop {
        sleep(database.span(most)).await;
        if Instant::now() >= until {
            break;
        }
        let (blow, victim) = {
            let chance = &mut database.open().chance;
            let total: u32 = weights.iter().sum();
            let mut dice = chance.random_range(0..total.max(1));
            let blow = weights.iter().position(|w| {
                let hit = dice < *w;
                dice = dice.saturating_sub(*w);
                hit
            });
            (blow, chance.random_range(0..hands.len()))
        };
        let (gate, stop) = hands[victim].borrow().clone();
        let long = database.span(Duration::from_secs(40));
        match blow {
            Some(0) => {
                database.note(|| format!("worker's process {victim} is killed"));
                gate.kill();
            }
            Some(1) => {
                database.note(|| format!("worker's process {victim} stands still for {long:.1?}"));
                gate.pause();
                tokio::spawn(async move {
                    sleep(long).await;
                    gate.resume();
                });
            }
            Some(2) => {
                database.note(|| format!("worker's process {victim} is told to stop"));
                stop.cancel();
            }
            Some(3) => database.crash(long / 4),
            Some(4) => database.cut(long),
            Some(5) => database.open().trap = true,
            _ => continue,
        }
        database.open().counts.blows += 1;
    }
}
