use std::sync::{Arc, Mutex};

use task_domain::ports::{Error, Result};
use task_domain::{Epoch, TaskId, TaskResult};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

use super::*;

type Log = Arc<Mutex<Vec<Vec<Settled>>>>;

/// Writes into a list; each write needs a permit, and some fail.
#[derive(Clone)]
struct Book {
    written: Log,
    permits: Arc<Semaphore>,
    failing: Arc<Mutex<u32>>,
    /// How the failing ones fail.
    failure: fn(Box<dyn std::error::Error + Send + Sync>) -> Error,
    /// Most outcomes that are written in time.
    most: usize,
    /// A task whose result cannot be stored.
    poison: i64,
}

impl Record for Book {
    async fn record(&mut self, batch: &[Settled]) -> Result<Vec<Verdict>> {
        self.permits.acquire().await.unwrap().forget();
        {
            let mut failing = self.failing.lock().unwrap();
            if *failing > 0 {
                *failing -= 1;
                self.permits.add_permits(1);
                return Err((self.failure)("on purpose".into()));
            }
        }
        let poisoned =
            |s: &Settled| s.lease.task.get() == self.poison && matches!(s.decision, Decision::Succeed(_));
        if batch.iter().any(poisoned) {
            self.permits.add_permits(1);
            return Err(Error::Unstorable("invalid byte sequence".into()));
        }
        if batch.len() > self.most {
            self.permits.add_permits(1);
            return Err(Error::Unavailable("no answer in time".into()));
        }
        self.written.lock().unwrap().push(batch.to_vec());
        let verdict =
            |s: &Settled| if s.lease.task.get() % 2 == 0 { Verdict::Stale } else { Verdict::Recorded };
        Ok(batch.iter().map(verdict).collect())
    }
}

struct Bench {
    book: Book,
    capacity: Capacity,
    ended: mpsc::Sender<Settled>,
    recorded: BoxStream<'static, Recorded>,
}

fn bench(permits: usize) -> Bench {
    bench_with(permits, |_| {})
}

fn bench_with(permits: usize, change: impl FnOnce(&mut Book)) -> Bench {
    let mut book = Book {
        written: Log::default(),
        permits: Arc::new(Semaphore::new(permits)),
        failing: Arc::default(),
        failure: Error::Unavailable,
        most: usize::MAX,
        poison: 13,
    };
    change(&mut book);
    let capacity = Capacity::new(1);
    let (ended, settled) = mpsc::channel(10_000);
    let recorded = RecordLayer::new(
        {
            let book = book.clone();
            move || book.clone()
        },
        capacity.clone(),
    )
    .layer(ReceiverStream::new(settled));
    Bench { book, capacity, ended, recorded }
}

fn settled(id: i64) -> Settled {
    let lease = Lease { task: TaskId::new(id).unwrap(), attempt: 1, epoch: Epoch::from_store(1) };
    Settled { lease, decision: Decision::Succeed(None) }
}

fn large(id: i64, bytes: usize) -> Settled {
    let result = TaskResult::from_store(&"x".repeat(bytes));
    Settled { decision: Decision::Succeed(Some(result)), ..settled(id) }
}

impl Bench {
    async fn next(&mut self) -> Recorded {
        timeout(Duration::from_mins(10), self.recorded.next()).await.expect("in time").expect("not the end")
    }

    fn batches(&self) -> Vec<usize> {
        self.book.written.lock().unwrap().iter().map(Vec::len).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn one_outcome_alone_is_written_at_once() {
    let mut bench = bench(10);
    bench.ended.send(settled(1)).await.unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(bench.next().await, Recorded { lease: settled(1).lease, verdict: Verdict::Recorded });
    assert!(began.elapsed().is_zero());
}

#[tokio::test(start_paused = true)]
async fn what_ends_while_a_write_is_in_flight_is_the_next_batch() {
    let mut bench = bench(0);
    bench.ended.send(settled(1)).await.unwrap();
    assert!(futures::poll!(bench.recorded.next()).is_pending());
    for id in 2..=9 {
        bench.ended.send(settled(id)).await.unwrap();
    }
    bench.book.permits.add_permits(5);
    for _ in 1..=9 {
        bench.next().await;
    }
    assert_eq!(bench.batches(), [1, 8]);
}

#[tokio::test(start_paused = true)]
async fn batches_have_a_bound() {
    let mut bench = bench(100);
    for id in 1..=2_500 {
        bench.ended.send(settled(2 * id + 1)).await.unwrap();
    }
    for _ in 1..=2_500 {
        bench.next().await;
    }
    assert!(bench.batches().iter().all(|len| *len <= BATCH), "{:?}", bench.batches());
    assert_eq!(bench.batches().iter().sum::<usize>(), 2_500);
}

#[tokio::test(start_paused = true)]
async fn a_write_is_tried_until_it_passes_and_claims_pause_meanwhile() {
    let mut bench = bench(10);
    *bench.book.failing.lock().unwrap() = 30;
    bench.ended.send(settled(1)).await.unwrap();
    assert_eq!(bench.next().await.verdict, Verdict::Recorded);
    assert_eq!(bench.batches(), [1]);
    bench.capacity.unrecorded(10_000, 0);
    assert_eq!(bench.capacity.room(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_outcome_that_cannot_be_stored_costs_only_itself() {
    let mut bench = bench(1_000);
    for id in 1..=100 {
        bench.ended.send(settled(id)).await.unwrap();
    }
    for _ in 1..=100 {
        bench.next().await;
    }
    let written = bench.book.written.lock().unwrap();
    let all: Vec<_> = written.iter().flatten().collect();
    assert_eq!(all.len(), 100);
    for settled in all {
        let failed = matches!(settled.decision, Decision::Fail { .. });
        assert_eq!(failed, settled.lease.task.get() == 13);
    }
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_fails_for_another_reason_costs_no_outcome() {
    let mut bench = bench_with(100, |book| book.failure = Error::Internal);
    *bench.book.failing.lock().unwrap() = 30;
    for id in 1..=10 {
        bench.ended.send(settled(id)).await.unwrap();
    }
    for _ in 1..=10 {
        bench.next().await;
    }
    let written = bench.book.written.lock().unwrap();
    assert_eq!(written.iter().map(Vec::len).sum::<usize>(), 10);
    assert!(written.iter().flatten().all(|s| s.decision == Decision::Succeed(None)), "{written:?}");
}

#[tokio::test(start_paused = true)]
async fn a_replaced_outcome_that_is_refused_as_well_is_tried_until_it_passes() {
    let mut bench = bench_with(10, |book| book.failure = Error::Unstorable);
    *bench.book.failing.lock().unwrap() = 30;
    bench.ended.send(large(1, 65 << 20)).await.unwrap();
    assert!(futures::poll!(bench.recorded.next()).is_pending());
    assert_eq!(bench.capacity.room(), 1, "what is replaced takes no more room");
    assert_eq!(bench.next().await.verdict, Verdict::Recorded);
    assert!(matches!(bench.book.written.lock().unwrap()[0][0].decision, Decision::Fail { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_too_large_to_pass_is_made_smaller() {
    let mut bench = bench_with(1_000, |book| book.most = 100);
    for id in 1..=800 {
        bench.ended.send(settled(2 * id)).await.unwrap();
    }
    for _ in 1..=800 {
        bench.next().await;
    }
    assert!(bench.batches().iter().all(|len| (20..=100).contains(len)), "{:?}", bench.batches());
}

#[tokio::test(start_paused = true)]
async fn an_outage_does_not_leave_many_small_writes() {
    let mut bench = bench(1_000);
    *bench.book.failing.lock().unwrap() = 100;
    for id in 1..=1_000 {
        bench.ended.send(settled(2 * id)).await.unwrap();
    }
    for _ in 1..=1_000 {
        bench.next().await;
    }
    assert!(bench.batches().len() <= 11, "{:?}", bench.batches());
}

#[tokio::test(start_paused = true)]
async fn batches_have_a_bound_in_bytes_and_claims_pause_while_too_many_wait() {
    let mut bench = bench(0);
    for id in 1..=70 {
        bench.ended.send(large(2 * id, 1 << 20)).await.unwrap();
    }
    for _ in 0..3 {
        assert!(futures::poll!(bench.recorded.next()).is_pending());
        // A task may read only so much at a time.
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.capacity.room(), 0);
    bench.book.permits.add_permits(100);
    for _ in 1..=70 {
        bench.next().await;
    }
    assert_eq!(bench.batches(), [8, 8, 8, 8, 8, 8, 8, 8, 6]);
    assert_eq!(bench.capacity.room(), 1);
    bench.ended.send(large(2, 9 << 20)).await.unwrap();
    bench.next().await;
    assert_eq!(bench.batches().last(), Some(&1), "one alone may be larger");
}

#[tokio::test(start_paused = true)]
async fn it_ends_once_all_is_written() {
    let mut bench = bench(10);
    for id in [1, 2] {
        bench.ended.send(settled(id)).await.unwrap();
    }
    drop(bench.ended);
    let verdicts: Vec<_> = bench.recorded.by_ref().map(|r| r.verdict).collect().await;
    assert_eq!(verdicts, [Verdict::Recorded, Verdict::Stale]);
    assert_eq!(bench.capacity.room(), 1);
}
