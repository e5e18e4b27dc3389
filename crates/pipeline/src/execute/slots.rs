//! Lets no more attempts run at a time than there are slots, and starts none once the worker drains.
//!
//! What waits too long for its slot is given back: another worker may be free.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use metrics::gauge;
use task_domain::Outcome;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};

use super::attempt::{Attempt, Ended};
use crate::{Capacity, Stop, metric};

/// Longest wait for a slot: far more than what is claimed ahead should ever need.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub(super) struct SlotsLayer {
    permits: Arc<Semaphore>,
    capacity: Capacity,
    drain: CancellationToken,
}

impl SlotsLayer {
    pub(super) fn new(capacity: Capacity, drain: CancellationToken) -> Self {
        Self { permits: Arc::new(Semaphore::new(capacity.slots())), capacity, drain }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Slots<S> {
    inner: S,
    permits: Arc<Semaphore>,
    capacity: Capacity,
    drain: CancellationToken,
}

impl<S> Layer<S> for SlotsLayer {
    type Service = Slots<S>;

    fn layer(&self, inner: S) -> Slots<S> {
        let Self { permits, capacity, drain } = self.clone();
        Slots { inner, permits, capacity, drain }
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
        let (permits, capacity, drain) = (self.permits.clone(), self.capacity.clone(), self.drain.clone());
        async move {
            let not_started = |outcome| Ok(Ended { outcome, ran_for: None });
            let permit = tokio::select! {
                biased;
                () = drain.cancelled() => return not_started(Outcome::Interrupted),
                why = attempt.signal.stopped() => return not_started(match why {
                    Stop::LeaseLost => Outcome::LeaseLost,
                    Stop::Interrupted => Outcome::Interrupted,
                }),
                // Before the clock: one that gets its slot at once never sets a timer.
                permit = permits.acquire_owned() => permit,
                () = tokio::time::sleep(PATIENCE) => {
                    // Before it is given back: there must be no room to claim it again at once.
                    capacity.stalled();
                    return not_started(Outcome::Interrupted);
                }
            };
            // Never closed; were it, the attempt would run without a bound rather than be lost.
            let _permit = permit.ok();
            gauge!(metric::RUNNING).increment(1);
            let ended = inner.call(attempt).await;
            gauge!(metric::RUNNING).decrement(1);
            ended
        }
        .boxed()
    }
}
