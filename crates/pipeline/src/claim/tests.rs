use std::sync::{Arc, Mutex};

use futures::stream;
use task_domain::ports::{Error, Result};
use task_domain::{Epoch, Kind, Lease, Name, Payload, Retries, TaskId};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;

/// Hands out a stock of tasks and notes what it was asked for.
#[derive(Clone, Default)]
struct Stock {
    left: Arc<Mutex<usize>>,
    asked: Arc<Mutex<Vec<usize>>>,
    /// What it was asked for by its spot.
    asked_at: Arc<Mutex<Vec<Spot>>>,
    failing: Arc<Mutex<usize>>,
    payload: Arc<Mutex<Payload>>,
}

impl Claim for Stock {
    async fn claim(&mut self, limit: usize) -> Result<Vec<Claimed>> {
        self.asked.lock().unwrap().push(limit);
        let mut failing = self.failing.lock().unwrap();
        if *failing > 0 {
            *failing -= 1;
            return Err(Error::Unavailable("down".into()));
        }
        let mut left = self.left.lock().unwrap();
        let take = limit.min(*left);
        *left -= take;
        let payload = self.payload.lock().unwrap();
        let tasks = (1..).take(take).map(|id| Claimed { payload: payload.clone(), ..task(id) });
        Ok(tasks.collect())
    }

    async fn claim_at(&mut self, spot: Spot, _: usize) -> Result<Vec<Claimed>> {
        self.asked_at.lock().unwrap().push(spot);
        self.claim(1).await
    }
}

fn spot(id: i64) -> Spot {
    Spot { lane: 1, at: jiff::Timestamp::UNIX_EPOCH, task: TaskId::new(id).unwrap() }
}

fn task(id: i64) -> Claimed {
    Claimed {
        lease: Lease { task: TaskId::new(id).unwrap(), attempt: 1, epoch: Epoch::from_store(1) },
        name: Name::new("task").unwrap(),
        kind: Kind::new("kind").unwrap(),
        payload: Payload::default(),
        retries: Retries::default(),
        failures: 0,
        backoff: None,
        timeout: None,
    }
}

struct Bench {
    stock: Stock,
    capacity: Capacity,
    hint: mpsc::Sender<WakeUp>,
    tasks: BoxStream<'static, Claimed>,
}

fn bench(left: usize, slots: usize) -> Bench {
    let stock = Stock { left: Arc::new(Mutex::new(left)), ..Stock::default() };
    let capacity = Capacity::new(slots);
    let (hint, hints) = mpsc::channel(8);
    let layer = ClaimLayer::new(
        {
            let stock = stock.clone();
            move || stock.clone()
        },
        capacity.clone(),
    );
    let tasks = layer.layer(tokio_stream::wrappers::ReceiverStream::new(hints));
    Bench { stock, capacity, hint, tasks }
}

impl Bench {
    async fn take(&mut self, count: usize) {
        for n in 0..count {
            let next = timeout(Duration::from_mins(1), self.tasks.next()).await;
            next.unwrap_or_else(|_| panic!("task {n} of {count} never came")).unwrap();
        }
    }

    async fn nothing_more(&mut self) {
        assert!(timeout(Duration::from_mins(1), self.tasks.next()).await.is_err());
    }

    fn asked(&self) -> Vec<usize> {
        self.stock.asked.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_claimed_without_a_hint() {
    let mut bench = bench(5, 2);
    bench.nothing_more().await;
    assert_eq!(bench.asked(), [0usize; 0]);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_claimed_than_there_are_free_slots() {
    let mut bench = bench(5, 2);
    bench.hint.send(WakeUp::Notified).await.unwrap();
    bench.take(2).await;
    bench.nothing_more().await;
    assert_eq!(bench.asked(), [2]);
    // One ends: one is claimed, without a new hint, since the last claim was full.
    bench.capacity.ended(1, Duration::from_secs(5));
    bench.take(1).await;
    bench.nothing_more().await;
    assert_eq!(bench.asked(), [2, 1]);
}

#[tokio::test(start_paused = true)]
async fn after_a_claim_that_found_less_it_waits_for_a_hint() {
    let mut bench = bench(1, 3);
    bench.hint.send(WakeUp::Poll).await.unwrap();
    bench.take(1).await;
    bench.capacity.ended(1, Duration::from_secs(5));
    bench.nothing_more().await;
    assert_eq!(bench.asked(), [3]);
    *bench.stock.left.lock().unwrap() = 1;
    bench.hint.send(WakeUp::Due).await.unwrap();
    bench.take(1).await;
    assert_eq!(bench.asked(), [3, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_hint_of_a_single_task_is_followed_to_it_alone() {
    let mut bench = bench(5, 3);
    for id in [7, 8] {
        bench.hint.send(WakeUp::Single(spot(id))).await.unwrap();
        bench.take(1).await;
        bench.nothing_more().await;
    }
    assert_eq!(bench.asked(), [1, 1]);
    assert_eq!(*bench.stock.asked_at.lock().unwrap(), [spot(7), spot(8)]);
    // Any other hint has it look at all that there is room for.
    bench.hint.send(WakeUp::Notified).await.unwrap();
    bench.take(1).await;
    bench.nothing_more().await;
    assert_eq!(bench.asked(), [1, 1, 1]);
    assert_eq!(bench.stock.asked_at.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_single_task_that_waits_for_room_is_one_of_all_once_another_hint_came() {
    for (another, asked, at) in [(None, [1, 1], 1), (Some(WakeUp::Single(spot(8))), [2, 1], 0)] {
        let mut bench = bench(5, 2);
        bench.capacity.claimed(2);
        bench.hint.send(WakeUp::Single(spot(7))).await.unwrap();
        bench.nothing_more().await;
        if let Some(another) = another {
            bench.hint.send(another).await.unwrap();
            bench.nothing_more().await;
        }
        bench.capacity.ended(2, Duration::from_secs(5));
        bench.take(1).await;
        assert_eq!(bench.asked()[0], asked[0]);
        assert_eq!(bench.stock.asked_at.lock().unwrap().len(), at);
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_of_a_single_task_that_fails_is_followed_by_a_look_at_all() {
    let mut bench = bench(5, 3);
    *bench.stock.failing.lock().unwrap() = 1;
    bench.hint.send(WakeUp::Single(spot(7))).await.unwrap();
    bench.take(3).await;
    assert_eq!(bench.asked(), [1, 3]);
    assert_eq!(bench.stock.asked_at.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_fails_is_tried_again_after_a_pause() {
    let mut bench = bench(1, 1);
    *bench.stock.failing.lock().unwrap() = 20;
    bench.hint.send(WakeUp::Poll).await.unwrap();
    let began = tokio::time::Instant::now();
    bench.take(1).await;
    assert_eq!(bench.asked().len(), 21);
    // Full jitter, so any single pause may be nothing; all twenty together are not.
    assert!(began.elapsed() > Duration::from_millis(100) && began.elapsed() < PAUSE_MAX * 20);
}

#[tokio::test(start_paused = true)]
async fn a_claim_takes_no_more_than_fits_in_memory() {
    let mut bench = bench(2_000, 500);
    *bench.stock.payload.lock().unwrap() = Payload::from_store(&"x".repeat(1 << 20));
    bench.hint.send(WakeUp::Poll).await.unwrap();
    bench.take(500).await;
    *bench.stock.payload.lock().unwrap() = Payload::default();
    (0..500).for_each(|_| bench.capacity.ended(1, Duration::from_secs(5)));
    // They turn out small: the claims grow again.
    bench.take(500).await;
    assert_eq!(bench.asked(), [500, 64, 85, 113, 151, 87]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_hints_is_the_end_of_the_tasks() {
    let mut bench = bench(10, 2);
    bench.hint.send(WakeUp::Poll).await.unwrap();
    bench.take(1).await;
    drop(bench.hint);
    // What was claimed already still comes.
    assert!(bench.tasks.next().await.is_some());
    assert!(bench.tasks.next().await.is_none());
    assert_eq!(bench.stock.asked.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_ends_at_once_while_waiting_for_room() {
    let stock = Stock { left: Arc::new(Mutex::new(5)), ..Stock::default() };
    let capacity = Capacity::new(1);
    capacity.claimed(1);
    let layer = ClaimLayer::new(move || stock.clone(), capacity);
    let mut tasks = layer.layer(stream::iter([WakeUp::Poll]));
    assert!(timeout(Duration::from_mins(1), tasks.next()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_next_claim_is_under_way_while_the_last_one_is_handed_on() {
    let mut bench = bench(5_000, 2_500);
    bench.hint.send(WakeUp::Poll).await.unwrap();
    bench.take(1).await;
    assert_eq!(bench.asked(), [1_000, 1_000]);
    // One ahead, not more.
    bench.take(999).await;
    assert_eq!(bench.asked(), [1_000, 1_000]);
    bench.take(1).await;
    assert_eq!(bench.asked(), [1_000, 1_000, 500]);
    bench.take(1_499).await;
    bench.nothing_more().await;
    assert_eq!(bench.asked(), [1_000, 1_000, 500]);
}
