//! Ends an attempt that is told to stop.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use task_domain::Outcome;
use task_plugin::Signal;
use tower::{Layer, Service};

use super::attempt::Attempt;
use super::until::{End, Until};

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
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Until<S::Future, Signal>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        let signal = attempt.signal.clone();
        Until::new(self.inner.call(attempt), signal)
    }
}

impl End for Signal {
    fn wait(&self) -> BoxFuture<'static, Outcome> {
        let signal = self.clone();
        async move { signal.stopped().await.into() }.boxed()
    }
}
