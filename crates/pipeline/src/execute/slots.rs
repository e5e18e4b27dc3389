//! Lets no more attempts run at a time than there are slots, and starts none once the worker drains.
//!
//! What waits too long for its slot is given back: another worker may be free.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Either};
use metrics::{Gauge, gauge};
use pin_project_lite::pin_project;
use task_domain::Outcome;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};

use super::attempt::{Attempt, Ended};
use crate::{Capacity, metric};

/// Longest wait for a slot: far more than what is claimed ahead should ever need.
const PATIENCE: Duration = Duration::from_secs(1);

/// The slots of one worker. Clones share them.
#[derive(Clone)]
pub(super) struct SlotsLayer {
    permits: Arc<Semaphore>,
    capacity: Capacity,
    drain: CancellationToken,
    running: Gauge,
}

impl SlotsLayer {
    pub(super) fn new(capacity: Capacity, drain: CancellationToken) -> Self {
        let permits = Arc::new(Semaphore::new(capacity.slots()));
        Self { permits, capacity, drain, running: gauge!(metric::RUNNING) }
    }

    /// Most get their slot at once, and need neither a timer nor a place in a queue.
    fn at_once(&self, attempt: &Attempt) -> Option<Slot> {
        if self.drain.is_cancelled() || attempt.signal.why().is_some() {
            return None;
        }
        self.permits.clone().try_acquire_owned().ok().map(|permit| self.slot(Some(permit)))
    }

    /// Waits for a slot, or says how an attempt ended that gets none.
    async fn wait(&self, attempt: &Attempt) -> Result<Slot, Outcome> {
        tokio::select! {
            biased;
            () = self.drain.cancelled() => Err(Outcome::Interrupted),
            why = attempt.signal.stopped() => Err(why.into()),
            // Never closed; were it, the attempt would run without a bound rather than be lost.
            permit = self.permits.clone().acquire_owned() => Ok(self.slot(permit.ok())),
            () = tokio::time::sleep(PATIENCE) => {
                // Before it is given back: there must be no room to claim it again at once.
                self.capacity.stalled();
                Err(Outcome::Interrupted)
            }
        }
    }

    fn slot(&self, permit: Option<OwnedSemaphorePermit>) -> Slot {
        self.running.increment(1);
        Slot { _permit: permit, running: self.running.clone() }
    }
}

/// The place of an attempt that runs.
pub(super) struct Slot {
    _permit: Option<OwnedSemaphorePermit>,
    running: Gauge,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.running.decrement(1);
    }
}

#[derive(Clone)]
pub(super) struct Slots<S> {
    inner: S,
    slots: SlotsLayer,
}

impl<S> Layer<S> for SlotsLayer {
    type Service = Slots<S>;

    fn layer(&self, inner: S) -> Slots<S> {
        Slots { inner, slots: self.clone() }
    }
}

impl<S> Service<Attempt> for Slots<S>
where
    S: Service<Attempt, Response = Ended, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Ended;
    type Error = Infallible;
    type Future = Either<InSlot<S::Future>, BoxFuture<'static, Result<Ended, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut attempt: Attempt) -> Self::Future {
        if let Some(slot) = self.slots.at_once(&attempt) {
            return Either::Left(InSlot { run: self.inner.call(attempt), slot });
        }
        // The clone may not be ready yet, the original is: leave the clone behind.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let slots = self.slots.clone();
        let run = async move {
            match slots.wait(&attempt).await {
                Ok(slot) => {
                    attempt.began = Instant::now();
                    InSlot { run: inner.call(attempt), slot }.await
                }
                Err(outcome) => Ok(Ended::unstarted(outcome)),
            }
        };
        Either::Right(run.boxed())
    }
}

pin_project! {
    /// Runs, and holds its slot for as long.
    pub(super) struct InSlot<F> {
        #[pin]
        run: F,
        slot: Slot,
    }
}

impl<F: Future> Future for InSlot<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().run.poll(cx)
    }
}
