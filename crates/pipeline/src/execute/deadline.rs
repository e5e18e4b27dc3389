//! Gives up on an attempt that takes too long.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use task_domain::Outcome;
use tower::{Layer, Service};

use super::attempt::Attempt;

#[derive(Clone, Copy, Debug)]
pub(super) struct DeadlineLayer {
    default: Duration,
}

impl DeadlineLayer {
    pub(super) fn new(default: Duration) -> Self {
        Self { default }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Deadline<S> {
    inner: S,
    default: Duration,
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner, default: self.default }
    }
}

impl<S> Service<Attempt> for Deadline<S>
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

    fn call(&mut self, mut attempt: Attempt) -> Self::Future {
        let span = attempt.claimed.timeout.unwrap_or(self.default);
        attempt.deadline = Instant::now().checked_add(span);
        let run = self.inner.call(attempt);
        async move {
            match tokio::time::timeout(span, run).await {
                Ok(outcome) => outcome,
                Err(_) => Ok(Outcome::Failed(format!("ran longer than its deadline of {span:?}"))),
            }
        }
        .boxed()
    }
}
