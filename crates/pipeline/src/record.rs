//! Writes what became of attempts: the fenced write that ends their leases.
//!
//! In: [`Settled`]. Out: [`Recorded`]. Batches by itself: what ended while the last write was in
//! flight is the next batch; nothing lingers, so that one task alone is written at once. A write
//! that fails for a reason that passes is tried again until it passes; meanwhile claims pause, see
//! [`Capacity`]. Ends when its input has ended and all is written.

use std::time::Duration;

use futures::stream::{BoxStream, iter, unfold};
use futures::{Stream, StreamExt};
use metrics::counter;
use task_domain::ports::Record;
use task_domain::{Decision, Lease, Settled, Verdict};
use tower::Layer;

use crate::{Capacity, metric};

/// Most outcomes in one write.
const BATCH: usize = 1_000;
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
        let writer = Writer { recorder: (self.recorder)(), capacity: self.capacity.clone() };
        let capacity = self.capacity.clone();
        let settled = settled.inspect(move |_| capacity.unrecorded(1));
        let batches = Batches { settled: settled.boxed(), waiting: Vec::new(), ended: false };
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
    settled: BoxStream<'static, Settled>,
    waiting: Vec<Settled>,
    ended: bool,
}

impl Batches {
    /// All that is there, at most a batch; waits for the first.
    async fn next(&mut self) -> Option<Vec<Settled>> {
        if self.waiting.is_empty() && !self.ended {
            match self.settled.next().await {
                Some(first) => self.waiting.push(first),
                None => self.ended = true,
            }
        }
        while self.waiting.len() < BATCH && !self.ended {
            match futures::FutureExt::now_or_never(self.settled.next()) {
                Some(Some(more)) => self.waiting.push(more),
                Some(None) => self.ended = true,
                None => break,
            }
        }
        if self.waiting.is_empty() {
            return None;
        }
        let rest = self.waiting.split_off(self.waiting.len().min(BATCH));
        Some(std::mem::replace(&mut self.waiting, rest))
    }

    /// Reads on while `work` is under way: the stages before this one are driven by being read.
    async fn read_while<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                more = self.settled.next(), if !self.ended => match more {
                    Some(more) => self.waiting.push(more),
                    None => self.ended = true,
                },
            }
        }
    }
}

struct Writer<R> {
    recorder: R,
    capacity: Capacity,
}

impl<R: Record> Writer<R> {
    /// Writes a batch, however long it takes. One outcome that the store refuses costs only itself.
    async fn write(&mut self, batch: Vec<Settled>) -> Vec<Recorded> {
        let mut failures = 0u32;
        loop {
            match self.recorder.record(&batch).await {
                Ok(verdicts) => return self.done(&batch, verdicts),
                Err(error) if error.is_retryable() => {
                    counter!(metric::RECORD_ERRORS).increment(1);
                    if failures == 0 {
                        tracing::warn!(%error, outcomes = batch.len(), "cannot record outcomes; trying again");
                    }
                    failures = failures.saturating_add(1);
                    let cap = Duration::from_millis(50) * 2u32.pow(failures.min(10));
                    tokio::time::sleep(cap.min(PAUSE_MAX).mul_f64(rand::random())).await;
                }
                Err(error) => {
                    counter!(metric::RECORD_ERRORS).increment(1);
                    return Box::pin(self.halve(batch, &error)).await;
                }
            }
        }
    }

    /// Looks for the outcome that the store refuses; once it is alone, it is written as a failure.
    async fn halve(&mut self, mut batch: Vec<Settled>, error: &task_domain::ports::Error) -> Vec<Recorded> {
        if batch.len() > 1 {
            let right = batch.split_off(batch.len() / 2);
            let mut recorded = self.write(batch).await;
            recorded.extend(self.write(right).await);
            return recorded;
        }
        let Some(settled) = batch.pop() else { return Vec::new() };
        let lease = settled.lease;
        tracing::error!(%error, source = std::error::Error::source(error), task.id = lease.task.get(), "an outcome cannot be stored");
        let text = "its outcome could not be stored; the worker's log says why".to_owned();
        let plain = Settled { lease, decision: Decision::Fail { error: text } };
        if settled == plain {
            // Not even this: the lease will run out and bring the task back.
            self.capacity.recorded(1);
            return Vec::new();
        }
        self.write(vec![plain]).await
    }

    fn done(&self, batch: &[Settled], verdicts: Vec<Verdict>) -> Vec<Recorded> {
        self.capacity.recorded(batch.len());
        let stale = verdicts.iter().filter(|v| **v == Verdict::Stale).count();
        counter!(metric::STALE_WRITES).increment(stale as u64);
        counter!(metric::RECORDED).increment((batch.len() - stale) as u64);
        let leases = batch.iter().map(|settled| settled.lease);
        leases.zip(verdicts).map(|(lease, verdict)| Recorded { lease, verdict }).collect()
    }
}

#[cfg(test)]
mod tests;
