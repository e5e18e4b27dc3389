//! Clients that submit, each create with a key, and write down what was acknowledged.
//!
//! A client tries a create until it is answered, with the same key. Of some tasks it follows every
//! change. What tasks do is drawn from the seed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use futures::StreamExt;
use rand::RngExt;
use task_client::{Client, Options, WatchItem, v1};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Micros};
use crate::schedule;

/// How the load is made.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Clients, each with a connection of its own.
    pub(crate) clients: usize,
    /// Creates a second, over all clients.
    pub(crate) rate: u32,
    /// What tasks do.
    pub(crate) mix: Mix,
    /// Tasks followed at a time, over all clients.
    pub(crate) followed: usize,
    /// Creates of each client after which it stops by itself.
    pub(crate) most: u64,
}

/// What tasks do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    /// Every one takes at least this, in milliseconds.
    pub(crate) least_ms: u64,
    /// Most take up to this, in milliseconds.
    pub(crate) usual_ms: u64,
    /// One in ten takes up to this, in milliseconds.
    pub(crate) long_ms: u64,
    /// One in so many fails at first and is tried again; 0 for none.
    pub(crate) failing: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self { clients: 4, rate: 60, mix: Mix::default(), followed: 20, most: u64::MAX }
    }
}

impl Default for Mix {
    fn default() -> Self {
        Self { least_ms: 0, usual_ms: 50, long_ms: 800, failing: 6 }
    }
}

/// A create that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) key: String,
    pub(crate) id: i64,
}

/// A task that was followed from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Followed {
    pub(crate) id: i64,
    /// The versions, as they came.
    pub(crate) versions: Vec<i32>,
    /// Whether the watch ended by itself, as it does once the task has.
    pub(crate) ended: bool,
    /// When its last change came.
    pub(crate) at: Micros,
}

/// What clients wrote down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub(crate) acks: Vec<Ack>,
    /// Keys that were never answered: their tasks may be there or not.
    pub(crate) unanswered: Vec<String>,
    pub(crate) followed: Vec<Followed>,
    /// Creates that failed after all that the client itself tries.
    pub(crate) errors: u64,
    /// What the last of them said.
    pub(crate) last_error: Option<String>,
    /// How long each create took until it was acknowledged, in milliseconds, with when it began.
    pub(crate) took: Vec<(Micros, i64)>,
}

type Shared = Arc<Mutex<Log>>;

fn change(log: &Shared, with: impl FnOnce(&mut Log)) {
    with(&mut log.lock().unwrap_or_else(PoisonError::into_inner));
}

/// A load that is under way.
pub(crate) struct Load {
    stop: CancellationToken,
    clients: JoinSet<Result<()>>,
    followers: Arc<tokio::sync::Mutex<JoinSet<()>>>,
    log: Shared,
}

/// What all clients of a load share.
#[derive(Clone)]
struct Common {
    addresses: Vec<String>,
    plan: Plan,
    seed: u64,
    stop: CancellationToken,
    log: Shared,
    followers: Arc<tokio::sync::Mutex<JoinSet<()>>>,
    room: Arc<Semaphore>,
}

/// Longest time for a create: afterwards its key counts as unanswered.
const GIVE_UP: Duration = Duration::from_mins(1);

/// A client that bears what the suite does: an outage is waited for.
pub(crate) fn client(address: &str, deadline: Duration) -> Result<Client> {
    let options = Options::default()
        .deadline(deadline)
        .patience(deadline)
        .longest_pause(Duration::from_millis(300))
        .watch_silence(Duration::from_secs(20));
    Ok(Client::new(address, options)?)
}

impl Load {
    /// Starts the clients.
    pub(crate) fn start(addresses: Vec<String>, plan: &Plan, seed: u64) -> Self {
        let common = Common {
            addresses,
            plan: plan.clone(),
            seed,
            stop: CancellationToken::new(),
            log: Shared::default(),
            followers: Arc::default(),
            room: Arc::new(Semaphore::new(plan.followed)),
        };
        let (stop, log, followers) = (common.stop.clone(), common.log.clone(), common.followers.clone());
        let mut clients = JoinSet::new();
        for number in 0..plan.clients {
            clients.spawn(submit(common.clone(), number));
        }
        Self { stop, clients, followers, log }
    }

    /// Ids acknowledged from some number on.
    pub(crate) fn ids_since(&self, from: usize) -> Vec<i64> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.acks[from.min(log.acks.len())..].iter().map(|ack| ack.id).collect()
    }

    /// Submits no more; what was acknowledged can still be asked for.
    pub(crate) async fn pause(mut self) -> Result<Self> {
        self.stop.cancel();
        while let Some(ended) = self.clients.join_next().await {
            ended??;
        }
        Ok(self)
    }

    /// Submits no more, and waits until the last create is answered.
    pub(crate) async fn stop(self) -> Result<Stopped> {
        let Self { followers, log, .. } = self.pause().await?;
        Ok(Stopped { followers, log })
    }
}

/// A load that submits no more; its followers may still be reading.
pub(crate) struct Stopped {
    followers: Arc<tokio::sync::Mutex<JoinSet<()>>>,
    log: Shared,
}

impl Stopped {
    /// Waits until the followers have seen the end of their tasks, which have ended, and returns what
    /// was written down.
    pub(crate) async fn log(self, limit: Duration) -> Log {
        let mut followers = self.followers.lock().await;
        // What still reads after that has missed the end, which is told by its entry.
        let _ = timeout(limit, async { while followers.join_next().await.is_some() {} }).await;
        followers.shutdown().await;
        std::mem::take(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn submit(common: Common, number: usize) -> Result<()> {
    let mut random = schedule::random(common.seed, &format!("client {number}"));
    let clients = common.addresses.iter().map(|address| client(address, Duration::from_secs(5)));
    let clients = clients.collect::<Result<Vec<_>>>()?;
    if clients.is_empty() {
        bail!("a load needs a server");
    }
    let each = u32::try_from(common.plan.clients).unwrap_or(u32::MAX);
    let pause = Duration::from_secs(1) * each / common.plan.rate.max(1);
    let mut next = Instant::now();
    let mut server = number;
    for count in 0..common.plan.most {
        if common.stop.is_cancelled() {
            break;
        }
        let key = format!("{:x}-{number}-{count}", common.seed);
        let task = spec(common.seed, common.plan.mix, &key);
        create(&common, &clients, &mut server, &task, &key).await;
        // One in twenty is sent once more, as a caller would who lost the answer.
        if random.random_range(0..20) == 0 {
            create(&common, &clients, &mut server, &task, &key).await;
        }
        next = (next + pause).max(Instant::now().checked_sub(pause).unwrap_or(next));
        tokio::select! {
            () = sleep_until(next) => {}
            () = common.stop.cancelled() => {}
        }
    }
    Ok(())
}

/// Draws a task from its key alone, so that sending it again sends the same.
fn spec(seed: u64, mix: Mix, key: &str) -> v1::TaskSpec {
    let mut random = schedule::random(seed, key);
    let long = random.random_range(0..10) == 0;
    let most = if long { mix.long_ms } else { mix.usual_ms };
    let duration = random.random_range(mix.least_ms..=most.max(mix.least_ms));
    let failing = mix.failing > 0 && random.random_range(0..mix.failing) == 0;
    let payload = match (failing, random.random_range(0..8)) {
        (true, 0) => format!(r#"{{"duration":"{duration}ms","fail_attempts":9,"give_up":true}}"#),
        (true, 1) => format!(r#"{{"duration":"{duration}ms","fail_attempts":1,"panic":true}}"#),
        (true, n) => format!(r#"{{"duration":"{duration}ms","fail_attempts":{}}}"#, 1 + n % 2),
        (false, _) => format!(r#"{{"duration":"{duration}ms"}}"#),
    };
    let millis = |ms: i32| Some(prost_duration(ms));
    v1::TaskSpec {
        name: key.to_owned(),
        r#type: "simulate".to_owned(),
        payload,
        retries: Some(3),
        retry_policy: Some(v1::RetryPolicy { initial_backoff: millis(100), max_backoff: millis(500) }),
        idempotency_key: key.to_owned(),
        ..Default::default()
    }
}

fn prost_duration(ms: i32) -> prost_types::Duration {
    prost_types::Duration { seconds: i64::from(ms / 1_000), nanos: ms % 1_000 * 1_000_000 }
}

/// Sends a create until it is answered, to one server after the other.
async fn create(common: &Common, clients: &[Client], server: &mut usize, task: &v1::TaskSpec, key: &str) {
    let (begun, since) = (Instant::now(), clock::now());
    loop {
        let client = &clients[*server % clients.len()];
        match client.create(task.clone()).await {
            Ok(answer) => {
                let took = clock::millis(since, clock::now());
                change(&common.log, |log| {
                    log.acks.push(Ack { key: key.to_owned(), id: answer.id });
                    log.took.push((since, took));
                });
                follow(common, client, answer.id).await;
                return;
            }
            Err(error) => {
                change(&common.log, |log| {
                    log.errors += 1;
                    log.last_error = Some(error.to_string());
                });
                if begun.elapsed() > GIVE_UP || !error.is_retryable() {
                    change(&common.log, |log| log.unanswered.push(key.to_owned()));
                    return;
                }
                *server += 1;
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Follows a task, if there is room for one more.
async fn follow(common: &Common, client: &Client, id: i64) {
    let Ok(permit) = common.room.clone().try_acquire_owned() else { return };
    let (client, log) = (client.clone(), common.log.clone());
    let mut followers = common.followers.lock().await;
    while followers.try_join_next().is_some() {}
    followers.spawn(async move {
        let _permit = permit;
        // Written down at once: one that never ends must not be forgotten.
        let mut seen = Followed { id, versions: Vec::new(), ended: false, at: clock::now() };
        let place = {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.followed.push(seen.clone());
            log.followed.len() - 1
        };
        let mut watch = client.watch_tasks([(id, 0)]);
        loop {
            match watch.next().await {
                Some(Ok(WatchItem::Change(told))) => {
                    let entry = told.entry.unwrap_or_default();
                    seen.versions.push(entry.version);
                    seen.at = clock::now();
                }
                Some(Ok(_)) => continue,
                // The watch asks again by itself; where it gives up, so its caller does.
                Some(Err(_)) => {
                    sleep(Duration::from_millis(200)).await;
                    watch = client.watch_tasks([(id, seen.versions.last().copied().unwrap_or(0))]);
                    continue;
                }
                None => seen.ended = true,
            }
            change(&log, |log| {
                if let Some(entry) = log.followed.get_mut(place) {
                    entry.clone_from(&seen);
                }
            });
            if seen.ended {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_always_draws_the_same_task() {
        let task = |seed, key: &str| spec(seed, Mix::default(), key);
        assert_eq!(task(1, "1-0-5"), task(1, "1-0-5"));
        let different =
            (0..20).map(|n| task(1, &format!("1-0-{n}")).payload).collect::<std::collections::HashSet<_>>();
        assert!(different.len() > 5, "{different:?}");
    }
}
