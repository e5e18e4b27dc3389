//! Ends an attempt that is told to stop.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use task_domain::Outcome;
use tower::{Layer, Service};

use super::attempt::Attempt;

#[derive(Clone, Copy, Debug)]
pub(super) struct CancelLayer;

#[derive(Clone, Debug)]
pub(super) struct Cancel<S> {
    inner: S,
}

impl<S> Layer<S> for CancelLayer {
    type Service = Cancel<S>;

    fn layer(&self, inner: S) -> Cancel<S> {
        Cancel { inner }
    }
}

impl<S> Service<Attempt> for Cancel<S>
where
    S: Service<Attempt, Response = Outcome, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        let signal = attempt.signal.clone();
        let run = self.inner.call(attempt);
        async move {
            tokio::select! {
                // The plugin first: one that waits for the stop itself gets to say what it will.
                biased;
                outcome = run => outcome,
                why = signal.stopped() => Ok(why.into()),
            }
        }
        .boxed()
    }
}
