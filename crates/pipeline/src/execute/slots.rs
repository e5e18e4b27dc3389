//! Lets no more attempts run at a time than there are slots, and starts none once the worker drains.

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
use crate::Stop;
use crate::metric;

#[derive(Clone, Debug)]
pub(super) struct SlotsLayer {
    permits: Arc<Semaphore>,
    drain: CancellationToken,
}

impl SlotsLayer {
    pub(super) fn new(slots: usize, drain: CancellationToken) -> Self {
        Self { permits: Arc::new(Semaphore::new(slots)), drain }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Slots<S> {
    inner: S,
    permits: Arc<Semaphore>,
    drain: CancellationToken,
}

impl<S> Layer<S> for SlotsLayer {
    type Service = Slots<S>;

    fn layer(&self, inner: S) -> Slots<S> {
        Slots { inner, permits: self.permits.clone(), drain: self.drain.clone() }
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
        let (permits, drain) = (self.permits.clone(), self.drain.clone());
        async move {
            let not_started = |outcome| Ok(Ended { outcome, ran_for: Duration::ZERO });
            let permit = tokio::select! {
                biased;
                () = drain.cancelled() => return not_started(Outcome::Interrupted),
                why = attempt.signal.stopped() => return not_started(match why {
                    Stop::LeaseLost => Outcome::LeaseLost,
                    Stop::Interrupted => Outcome::Interrupted,
                }),
                permit = permits.acquire_owned() => permit,
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
