//! Lets no more attempts run at a time than there are slots, and starts none once the worker drains.
//!
//! What waits too long for its slot is given back: another worker may be free.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use metrics::{Gauge, gauge};
use task_domain::Outcome;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};

use super::attempt::{Attempt, Ended};
use crate::{Capacity, metric};

/// Longest wait for a slot: far more than what is claimed ahead should ever need.
const PATIENCE: Duration = Duration::from_secs(1);

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
}

#[derive(Clone)]
pub(super) struct Slots<S> {
    inner: S,
    permits: Arc<Semaphore>,
    capacity: Capacity,
    drain: CancellationToken,
    running: Gauge,
}

impl<S> Layer<S> for SlotsLayer {
    type Service = Slots<S>;

    fn layer(&self, inner: S) -> Slots<S> {
        let Self { permits, capacity, drain, running } = self.clone();
        Slots { inner, permits, capacity, drain, running }
    }
}

impl<S> Service<Attempt> for Slots<S>
where
    S: Service<Attempt, Response = Ended, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Ended;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Ended, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        // The clone may not be ready yet, the original is: leave the clone behind.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let Self { permits, capacity, drain, running, .. } = self;
        let (permits, capacity, drain, running) =
            (permits.clone(), capacity.clone(), drain.clone(), running.clone());
        async move {
            let waited = wait(permits, &capacity, &drain, &attempt).await;
            let permit = match waited {
                Ok(permit) => permit,
                Err(outcome) => return Ok(Ended { outcome, ran_for: None }),
            };
            // Never closed; were it, the attempt would run without a bound rather than be lost.
            let _permit = permit;
            running.increment(1);
            let ended = inner.call(attempt).await;
            running.decrement(1);
            ended
        }
        .boxed()
    }
}

/// Waits for a slot, or says how an attempt ended that gets none.
async fn wait(
    permits: Arc<Semaphore>,
    capacity: &Capacity,
    drain: &CancellationToken,
    attempt: &Attempt,
) -> Result<Option<OwnedSemaphorePermit>, Outcome> {
    if drain.is_cancelled() {
        return Err(Outcome::Interrupted);
    }
    if let Some(why) = attempt.signal.why() {
        return Err(why.into());
    }
    // Most get their slot at once, and need neither a timer nor a place in a queue.
    if let Ok(permit) = permits.clone().try_acquire_owned() {
        return Ok(Some(permit));
    }
    tokio::select! {
        biased;
        () = drain.cancelled() => Err(Outcome::Interrupted),
        why = attempt.signal.stopped() => Err(why.into()),
        permit = permits.acquire_owned() => Ok(permit.ok()),
        () = tokio::time::sleep(PATIENCE) => {
            // Before it is given back: there must be no room to claim it again at once.
            capacity.stalled();
            Err(Outcome::Interrupted)
        }
    }
}
