//! Turns the hint that there may be work into leased tasks, as many as there is room for.
//!
//! In: [`WakeUp`]. Out: [`Claimed`]. Claims again for as long as the last claim got all it asked
//! for, while that is handed on; then waits for the next hint. Where that is of a single task, that task
//! is claimed and nothing else is looked for, unless another hint came before there was room. Nothing is
//! claimed that there is no room to run. Ends when its input ends; a claim in flight is waited for, so that
//! what it got is not left to its lease.

use std::future::ready;
use std::time::Duration;

use futures::stream::{BoxStream, iter, unfold};
use futures::{FutureExt, Stream, StreamExt};
use metrics::counter;
use task_domain::Claimed;
use task_domain::ports::{Claim, Spot, WakeUp};
use tower::Layer;

use crate::{Capacity, chance, metric};

/// Most bytes of payloads that one claim may be expected to bring.
const BYTES_MAX: usize = 64 << 20;
/// Longest pause after claims that failed.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Lays the claim over a stream of hints.
#[derive(Clone, Debug)]
pub struct ClaimLayer<F> {
    claimer: F,
    capacity: Capacity,
}

impl<F> ClaimLayer<F> {
    /// `claimer` makes the part that claims; it gets a connection of its own.
    pub fn new(claimer: F, capacity: Capacity) -> Self {
        Self { claimer, capacity }
    }
}

impl<S, F, C> Layer<S> for ClaimLayer<F>
where
    S: Stream<Item = WakeUp> + Send + Unpin + 'static,
    F: Fn() -> C,
    C: Claim,
{
    type Service = BoxStream<'static, Claimed>;

    fn layer(&self, wake_ups: S) -> Self::Service {
        let claims = Claims {
            wake_ups,
            claimer: (self.claimer)(),
            capacity: self.capacity.clone(),
            sought: Sought::Nothing,
            ended: false,
            failures: 0,
            mean_bytes: 0,
        };
        unfold(claims, |mut claims| async move { claims.next().await.map(|tasks| (tasks, claims)) })
            // A buffer asks for the next claim before it gives the last one away: Postgres works on that
            // one while these are started.
            .map(ready)
            .buffered(2)
            .flat_map(iter)
            .boxed()
    }
}

struct Claims<S, C> {
    wake_ups: S,
    claimer: C,
    capacity: Capacity,
    sought: Sought,
    ended: bool,
    /// Claims that failed in a row.
    failures: u32,
    /// Bytes of a payload, as recent claims had them.
    mean_bytes: usize,
}

/// What there may be to claim.
#[derive(Clone, Copy)]
enum Sought {
    Nothing,
    Single(Spot),
    Any,
}

impl<S, C> Claims<S, C>
where
    S: Stream<Item = WakeUp> + Unpin,
    C: Claim,
{
    /// What the next claim that finds something gets.
    async fn next(&mut self) -> Option<Vec<Claimed>> {
        while !self.ended {
            if matches!(self.sought, Sought::Nothing) {
                self.hear().await;
            } else if let Some(room) = self.wait_for_room().await {
                let tasks = self.claim(room).await;
                if !tasks.is_empty() {
                    return Some(tasks);
                }
            }
        }
        None
    }

    /// Waits for a hint, or the end.
    async fn hear(&mut self) {
        match self.wake_ups.next().await {
            Some(WakeUp::Single(spot)) => self.sought = Sought::Single(spot),
            Some(_) => self.sought = Sought::Any,
            None => self.ended = true,
        }
    }

    /// Waits for room, unless the end comes first.
    async fn wait_for_room(&mut self) -> Option<usize> {
        loop {
            tokio::select! {
                biased;
                wake_up = self.wake_ups.next() => {
                    if wake_up.is_none() {
                        self.ended = true;
                        return None;
                    }
                    self.sought = Sought::Any;
                }
                room = self.capacity.until_room() => return Some(room),
            }
        }
    }

    async fn claim(&mut self, room: usize) -> Vec<Claimed> {
        let limit = room.min(BYTES_MAX / self.mean_bytes.max(1)).max(1);
        let claimed = match self.sought {
            Sought::Single(spot) => self.claimer.claim_at(spot, limit).await,
            Sought::Nothing | Sought::Any => self.claimer.claim(limit).await,
        };
        match claimed {
            Ok(tasks) => {
                self.failures = 0;
                self.sought = if tasks.len() >= limit { Sought::Any } else { Sought::Nothing };
                self.weigh(&tasks);
                self.capacity.claimed(tasks.len());
                counter!(metric::CLAIMED).increment(tasks.len() as u64);
                tasks
            }
            Err(error) => {
                if self.failures == 0 {
                    tracing::warn!(%error, "cannot claim tasks; trying again");
                }
                counter!(metric::CLAIM_ERRORS).increment(1);
                self.failures = self.failures.saturating_add(1);
                self.sought = Sought::Any;
                self.pause().await;
                Vec::new()
            }
        }
    }

    /// Follows the size of payloads: up at once, so that a run of large ones is met in time, and
    /// down slowly.
    fn weigh(&mut self, tasks: &[Claimed]) {
        let bytes: usize = tasks.iter().map(|task| task.payload.as_str().len()).sum();
        if let Some(mean) = bytes.checked_div(tasks.len()) {
            self.mean_bytes = mean.max((3 * self.mean_bytes + mean) / 4);
        }
    }

    /// Waits a random time that grows with the failures in a row, unless the end comes first.
    async fn pause(&mut self) {
        let cap = Duration::from_millis(50) * 2u32.pow(self.failures.min(10));
        let pause = tokio::time::sleep(cap.min(PAUSE_MAX).mul_f64(chance::unit())).fuse();
        tokio::pin!(pause);
        loop {
            tokio::select! {
                biased;
                () = &mut pause => return,
                wake_up = self.wake_ups.next() => if wake_up.is_none() {
                    self.ended = true;
                    return;
                },
            }
        }
    }
}

#[cfg(test)]
mod tests;
