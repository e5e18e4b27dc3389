//! Writes what became of attempts: the fenced write that ends their leases.
//!
//! In: [`Settled`]. Out: [`Recorded`]. Batches by itself: what ended while the last write was in
//! flight is the next batch; nothing lingers, so that one task alone is written at once. A write
//! that fails is tried again until it passes, in ever smaller parts; meanwhile claims pause, see
//! [`Capacity`]. Only an outcome that the store cannot hold is replaced by a failure. Ends when its input has ended and all is written.

use std::error::Error as _;
use std::time::Duration;

use futures::stream::{BoxStream, ReadyChunks, iter, unfold};
use futures::{Stream, StreamExt};
use metrics::counter;
use task_domain::ports::{Error, Record};
use task_domain::{Decision, Lease, Settled, Verdict};
use tower::Layer;

use crate::{Capacity, chance, metric};

/// Most outcomes in one write.
const BATCH: usize = 1_000;
/// Most outcomes that are read at once while a write is in flight: that one is polled between two reads.
const READ: usize = 64;
/// Most bytes of results and messages in one write, unless a single one is larger.
const BATCH_BYTES: usize = 8 << 20;
/// After so many tries that failed, outcomes are written in halves.
const TRIES_UNCHANGED: u32 = 2;
/// What becomes of a task whose outcome cannot be stored.
const UNSTORABLE: &str = "its outcome could not be stored; the worker's log says why";
/// Longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// An attempt that was recorded, or refused since its lease was no longer held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The attempt.
    pub lease: Lease,
    /// What the store made of it.
    pub verdict: Verdict,
}

/// Lays the writing over a stream of decisions.
#[derive(Clone, Debug)]
pub struct RecordLayer<F> {
    recorder: F,
    capacity: Capacity,
}

impl<F> RecordLayer<F> {
    /// `recorder` makes the part that writes; it gets a connection of its own.
    pub fn new(recorder: F, capacity: Capacity) -> Self {
        Self { recorder, capacity }
    }
}

impl<S, F, R> Layer<S> for RecordLayer<F>
where
    S: Stream<Item = Settled> + Send + 'static,
    F: Fn() -> R,
    R: Record,
{
    type Service = BoxStream<'static, Recorded>;

    fn layer(&self, settled: S) -> Self::Service {
        let writer = Writer { recorder: (self.recorder)(), capacity: self.capacity.clone(), failures: 0 };
        let capacity = self.capacity.clone();
        let settled = settled.inspect(move |settled| capacity.unrecorded(1, bytes(settled)));
        let settled = settled.boxed().ready_chunks(READ);
        let batches = Batches { settled, waiting: Vec::new(), ended: false };
        unfold((writer, batches), |(mut writer, mut batches)| async move {
            let batch = batches.next().await?;
            // The input goes on being read while the write is in flight.
            let write = writer.write(batch);
            let recorded = batches.read_while(write).await;
            Some((iter(recorded), (writer, batches)))
        })
        .flatten()
        .boxed()
    }
}

/// What has been decided and not yet been handed to a write.
struct Batches {
    settled: ReadyChunks<BoxStream<'static, Settled>>,
    waiting: Vec<Settled>,
    ended: bool,
}

impl Batches {
    /// All that is there, at most a batch; waits for the first.
    async fn next(&mut self) -> Option<Vec<Settled>> {
        if self.waiting.is_empty() && !self.ended {
            match self.settled.next().await {
                Some(first) => self.waiting.extend(first),
                None => self.ended = true,
            }
        }
        while self.waiting.len() < BATCH && !self.ended {
            match futures::FutureExt::now_or_never(self.settled.next()) {
                Some(Some(more)) => self.waiting.extend(more),
                Some(None) => self.ended = true,
                None => break,
            }
        }
        if self.waiting.is_empty() {
            return None;
        }
        let rest = self.waiting.split_off(self.fitting());
        Some(std::mem::replace(&mut self.waiting, rest))
    }

    /// How many of those that wait go into one write: at least one.
    fn fitting(&self) -> usize {
        let sizes = self.waiting.iter().take(BATCH).map(bytes);
        let totals = sizes.scan(0, |total, size| {
            *total += size;
            Some(*total)
        });
        totals.take_while(|total| *total <= BATCH_BYTES).count().max(1)
    }

    /// Reads on while `work` is under way: the stages before this one are driven by being read.
    async fn read_while<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                more = self.settled.next(), if !self.ended => match more {
                    Some(more) => self.waiting.extend(more),
                    None => self.ended = true,
                },
            }
        }
    }
}

struct Writer<R> {
    recorder: R,
    capacity: Capacity,
    /// Writes that failed in a row for a reason that may pass.
    failures: u32,
}

/// Outcomes that are written together.
struct Piece {
    outcomes: Vec<Settled>,
    /// How often writing just these failed for a reason that may pass.
    failures: u32,
}

impl Piece {
    fn new(outcomes: Vec<Settled>) -> Self {
        Self { outcomes, failures: 0 }
    }

    /// Both halves, the first one last; itself if it is a single outcome.
    fn halves(mut self) -> impl Iterator<Item = Self> {
        let middle = self.outcomes.len() / 2;
        let right = (middle > 0).then(|| Self::new(self.outcomes.split_off(middle)));
        let left = if right.is_some() { Self::new(self.outcomes) } else { self };
        right.into_iter().chain([left])
    }
}

impl<R: Record> Writer<R> {
    /// Writes a batch, however long it takes. One outcome that the store refuses costs only itself.
    async fn write(&mut self, batch: Vec<Settled>) -> Vec<Recorded> {
        let mut recorded = Vec::with_capacity(batch.len());
        // The next one is the last. While the store is away this comes down to one outcome, and
        // what follows it is ever larger: once the store is back, few writes are left.
        let mut pieces = vec![Piece::new(batch)];
        while let Some(piece) = pieces.pop() {
            match self.recorder.record(&piece.outcomes).await {
                Ok(verdicts) => {
                    self.failures = 0;
                    recorded.extend(self.done(&piece.outcomes, verdicts));
                }
                Err(error) => {
                    counter!(metric::RECORD_ERRORS).increment(1);
                    if matches!(error, Error::Unstorable(_)) && !is_last_resort(&piece.outcomes) {
                        pieces.extend(self.refused(piece, &error));
                    } else {
                        pieces.extend(self.failed(piece, &error).await);
                    }
                }
            }
        }
        recorded
    }

    /// Looks for the outcome that the store refuses; once it is alone, it is replaced by a failure.
    fn refused(&self, mut piece: Piece, error: &Error) -> impl Iterator<Item = Piece> + use<R> {
        if let [alone] = &mut piece.outcomes[..] {
            let task = alone.lease.task.get();
            tracing::error!(%error, source = error.source(), task.id = task, "an outcome cannot be stored");
            let before = bytes(alone);
            alone.decision = Decision::Fail { error: UNSTORABLE.to_owned() };
            self.capacity.unrecorded(1, bytes(alone));
            self.capacity.recorded(1, before);
        }
        piece.halves()
    }

    /// Waits before the next try; that one is with less after a few tries: a statement that is too
    /// large to be done in time must not be sent for ever.
    async fn failed(&mut self, mut piece: Piece, error: &Error) -> Vec<Piece> {
        if self.failures == 0 {
            let outcomes = piece.outcomes.len();
            tracing::warn!(%error, source = error.source(), outcomes, "cannot record outcomes; trying again");
        }
        self.failures = self.failures.saturating_add(1);
        piece.failures = piece.failures.saturating_add(1);
        let cap = Duration::from_millis(50) * 2u32.pow(self.failures.min(10));
        tokio::time::sleep(cap.min(PAUSE_MAX).mul_f64(chance::unit())).await;
        if piece.failures < TRIES_UNCHANGED { vec![piece] } else { piece.halves().collect() }
    }

    fn done(&self, batch: &[Settled], verdicts: Vec<Verdict>) -> Vec<Recorded> {
        self.capacity.recorded(batch.len(), batch.iter().map(bytes).sum());
        let stale = verdicts.iter().filter(|v| **v == Verdict::Stale).count();
        counter!(metric::STALE_WRITES).increment(stale as u64);
        counter!(metric::RECORDED).increment((batch.len() - stale) as u64);
        let leases = batch.iter().map(|settled| settled.lease);
        leases.zip(verdicts).map(|(lease, verdict)| Recorded { lease, verdict }).collect()
    }
}

/// Whether this is what an outcome that cannot be stored was replaced by: it can only be tried again.
fn is_last_resort(outcomes: &[Settled]) -> bool {
    matches!(outcomes, [Settled { decision: Decision::Fail { error }, .. }] if error == UNSTORABLE)
}

/// What an outcome carries: its result, or what it says.
fn bytes(settled: &Settled) -> usize {
    match &settled.decision {
        Decision::Succeed(result) => result.as_ref().map_or(0, |result| result.as_str().len()),
        Decision::Retry { error, .. } | Decision::Fail { error } => error.len(),
        Decision::PutBack { reason, .. } => reason.len(),
    }
}

#[cfg(test)]
mod tests;
