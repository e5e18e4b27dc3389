use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures::stream;
use task_domain::{Epoch, Kind, Lease, Name, Outcome, Payload, Retries, TaskId};
use task_plugin::{Context, Error, Parameters, Plugin};
use tokio::sync::Notify;

use super::*;
use crate::Stop;

/// Does what the payload's `do` says.
#[derive(Clone, Default)]
struct Script {
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    release: Arc<Notify>,
    /// Keeps a thread busy for as long as it is held.
    blocked: Arc<tokio::sync::Mutex<()>>,
}

impl Plugin for Script {
    async fn run(&self, context: Context, parameters: Parameters) -> Result<task_plugin::Outcome, Error> {
        let now = self.running.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(now, SeqCst);
        let outcome = match parameters.as_str() {
            r#"{"do":"panic"}"# => panic!("on purpose"),
            r#"{"do":"fail"}"# => Err(Error::retry("failed")),
            r#"{"do":"give up"}"# => Err(Error::give_up("hopeless")),
            r#"{"do":"snooze"}"# => Ok(task_plugin::Outcome::Snooze(Duration::from_secs(9))),
            r#"{"do":"hang"}"# => std::future::pending().await,
            r#"{"do":"wait"}"# => {
                self.release.notified().await;
                Ok(task_plugin::Outcome::DONE)
            }
            r#"{"do":"block"}"# => {
                while self.blocked.try_lock().is_err() {
                    std::thread::yield_now();
                }
                Ok(task_plugin::Outcome::DONE)
            }
            r#"{"do":"trip"}"# => {
                let _stone = Stone;
                std::future::pending().await
            }
            r#"{"do":"tidy"}"# => {
                context.cancelled().await;
                Err(Error::retry("tidied up"))
            }
            _ => task_plugin::Outcome::done(&context.idempotency_key()),
        };
        self.running.fetch_sub(1, SeqCst);
        outcome
    }
}

/// Panics when it is dropped.
struct Stone;

impl Drop for Stone {
    fn drop(&mut self) {
        panic!("tripped");
    }
}

fn task(id: i64, what: &str) -> Claimed {
    Claimed {
        lease: Lease { task: TaskId::new(id).unwrap(), attempt: 1, epoch: Epoch::from_store(1) },
        name: Name::new("task").unwrap(),
        kind: Kind::new("script").unwrap(),
        payload: Payload::new(&format!(r#"{{"do":"{what}"}}"#)).unwrap(),
        retries: Retries::default(),
        failures: 0,
        backoff: None,
        timeout: None,
    }
}

struct Bench {
    script: Script,
    running: Running,
    drain: CancellationToken,
    capacity: Capacity,
    layer: ExecuteLayer,
}

fn bench(slots: usize) -> Bench {
    let script = Script::default();
    let (running, drain, capacity) = (Running::default(), CancellationToken::new(), Capacity::new(slots));
    let plugins = Registry::new().with("script", script.clone());
    let layer =
        ExecuteLayer::new(plugins, Limits::default(), capacity.clone(), running.clone(), drain.clone());
    Bench { script, running, drain, capacity, layer }
}

impl Bench {
    fn run(&self, tasks: Vec<Claimed>) -> BoxStream<'static, Executed> {
        self.capacity.claimed(tasks.len());
        self.layer.layer(stream::iter(tasks))
    }

    async fn outcome(&self, task: Claimed) -> Outcome {
        self.run(vec![task]).next().await.unwrap().outcome
    }
}

#[tokio::test(start_paused = true)]
async fn every_way_to_end_has_its_name() {
    let bench = bench(10);
    assert!(matches!(bench.outcome(task(1, "fail")).await, Outcome::Failed(m) if m == "failed"));
    assert!(matches!(bench.outcome(task(1, "give up")).await, Outcome::FailedForGood(m) if m == "hopeless"));
    assert!(matches!(bench.outcome(task(1, "panic")).await, Outcome::Failed(m) if m.contains("on purpose")));
    assert_eq!(bench.outcome(task(1, "snooze")).await, Outcome::Snoozed(Duration::from_secs(9)));
    let Outcome::Succeeded(Some(result)) = bench.outcome(task(7, "work")).await else { panic!("no result") };
    assert_eq!(result.as_str(), r#""task-7-1""#);
    assert_eq!(bench.capacity.in_hand(), 0);
    assert_eq!(bench.running.leases(), []);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_what_hangs() {
    let bench = bench(1);
    let began = tokio::time::Instant::now();
    let mut own = task(1, "hang");
    own.timeout = Some(Duration::from_secs(2));
    assert!(matches!(bench.outcome(own).await, Outcome::Failed(m) if m.contains("deadline of 2s")));
    assert_eq!(began.elapsed().as_secs(), 2);
    assert!(matches!(bench.outcome(task(2, "hang")).await, Outcome::Failed(m) if m.contains("300s")));
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_it_is_dropped_is_an_outcome_and_holds_up_nobody() {
    let bench = bench(1);
    let mut late = task(1, "trip");
    late.timeout = Some(Duration::from_millis(10));
    let mut ended = bench.run(vec![late, task(2, "trip"), task(3, "work")]);
    let first = ended.next().await.unwrap();
    assert_eq!(first.outcome, Outcome::Failed("the attempt broke off".to_owned()));
    bench.running.stop_all(Stop::Interrupted);
    let rest: Vec<_> = ended.collect().await;
    assert_eq!(rest[0].outcome, Outcome::Failed("the attempt broke off".to_owned()));
    assert_eq!((rest.len(), bench.capacity.in_hand(), bench.running.leases()), (2, 0, vec![]));
    assert!(matches!(bench.outcome(task(4, "work")).await, Outcome::Succeeded(_)));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_slot_does_not_count_against_the_deadline() {
    let bench = bench(1);
    let mut tasks = [task(1, "hang"), task(2, "work")];
    tasks[0].timeout = Some(Duration::from_millis(900));
    tasks[1].timeout = Some(Duration::from_millis(100));
    let ended: Vec<_> = bench.run(tasks.to_vec()).collect().await;
    assert!(matches!(&ended[1].outcome, Outcome::Succeeded(_)), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_a_time_than_there_are_slots() {
    let bench = bench(3);
    let tasks = (1..=20).map(|n| task(n, "wait")).collect();
    let mut ended = bench.run(tasks);
    for _ in 0..20 {
        bench.script.release.notify_one();
        ended.next().await.unwrap();
    }
    assert_eq!(bench.script.most.load(SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_busy_plugin_does_not_hold_up_its_neighbours() {
    let bench = bench(2);
    let mut ended = bench.run(vec![task(1, "hang"), task(2, "work")]);
    assert_eq!(ended.next().await.unwrap().claimed.lease.task.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_lost_its_lease_is_stopped_alone() {
    let bench = bench(2);
    let (lost, other) = (task(1, "hang"), task(2, "wait"));
    let lease = lost.lease;
    let mut ended = bench.run(vec![lost, other]);
    assert!(futures::poll!(ended.next()).is_pending());
    tokio::task::yield_now().await;
    bench.running.stop(lease, Stop::LeaseLost);
    let first = ended.next().await.unwrap();
    assert_eq!((first.claimed.lease, first.outcome), (lease, Outcome::LeaseLost));
    bench.script.release.notify_one();
    assert!(matches!(ended.next().await.unwrap().outcome, Outcome::Succeeded(_)));
}

#[tokio::test(start_paused = true)]
async fn a_plugin_may_tidy_up_when_it_is_stopped() {
    let bench = bench(1);
    let mut ended = bench.run(vec![task(1, "tidy")]);
    assert!(futures::poll!(ended.next()).is_pending());
    tokio::task::yield_now().await;
    bench.running.stop_all(Stop::Interrupted);
    assert!(matches!(ended.next().await.unwrap().outcome, Outcome::Failed(m) if m == "tidied up"));
}

#[tokio::test(start_paused = true)]
async fn a_drain_lets_run_what_runs_and_gives_back_the_rest() {
    let bench = bench(1);
    let mut ended = bench.run(vec![task(1, "wait"), task(2, "work"), task(3, "work")]);
    assert!(futures::poll!(ended.next()).is_pending());
    tokio::task::yield_now().await;
    bench.drain.cancel();
    for _ in 0..2 {
        let back = ended.next().await.unwrap();
        assert_eq!((back.outcome, back.ran_for), (Outcome::Interrupted, Duration::ZERO));
    }
    bench.script.release.notify_one();
    let last = ended.next().await.unwrap();
    assert!(matches!(last.outcome, Outcome::Succeeded(_)) && last.claimed.lease.task.get() == 1);
    assert!(ended.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_waits_too_long_for_its_slot_is_given_back_and_not_claimed_again() {
    let bench = bench(1);
    // Quick tasks have it claim ahead.
    for _ in 0..2 {
        tokio::time::advance(Duration::from_millis(10)).await;
        bench.run((1..=100).map(|n| task(n, "work")).collect()).count().await;
    }
    let room = bench.capacity.room();
    assert!(room > 50, "{room}");
    let tasks: Vec<_> = (1..).map(|n| task(n, "hang")).take(room).collect();
    let began = tokio::time::Instant::now();
    let mut ended = bench.run(tasks);
    assert!(futures::poll!(ended.next()).is_pending());
    // They come back after a second; then comes time enough to take them for quick ones.
    tokio::time::sleep(Duration::from_millis(1_020)).await;
    for _ in 1..room {
        let back = ended.next().await.unwrap();
        assert_eq!((back.outcome, back.ran_for), (Outcome::Interrupted, Duration::ZERO));
        assert_eq!(bench.capacity.room(), 0);
    }
    assert_eq!((began.elapsed().as_secs(), bench.capacity.in_hand()), (1, 1));
    // The one that has the slot keeps it; once it is free, one more is claimed.
    assert!(matches!(ended.next().await.unwrap().outcome, Outcome::Failed(_)));
    assert_eq!(bench.capacity.room(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_a_thread_busy_holds_up_no_other() {
    let bench = bench(100);
    let held = bench.script.blocked.clone().lock_owned().await;
    let tasks = std::iter::once(task(1, "block")).chain((2..100).map(|id| task(id, "work")));
    let mut ended = bench.run(tasks.collect());
    for _ in 2..100 {
        assert_ne!(ended.next().await.unwrap().claimed.lease.task.get(), 1);
    }
    drop(held);
    assert_eq!(ended.next().await.unwrap().claimed.lease.task.get(), 1);
    assert!(ended.next().await.is_none());
}
