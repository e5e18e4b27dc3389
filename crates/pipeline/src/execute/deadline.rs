//! Gives up on an attempt that takes too long.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, pending};
use task_domain::Outcome;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until};
use tower::{Layer, Service};

use super::attempt::Attempt;
use super::until::{End, Until};

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
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Until<S::Future, Late>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut attempt: Attempt) -> Self::Future {
        let span = attempt.claimed.timeout.unwrap_or(self.default);
        let deadline = attempt.began.checked_add(span);
        attempt.deadline = deadline;
        Until::new(self.inner.call(attempt), Late { span, deadline })
    }
}

/// The end of an attempt's time.
pub(super) struct Late {
    span: Duration,
    /// If there is none, it is so far away that no clock reaches it.
    deadline: Option<Instant>,
}

impl End for Late {
    fn wait(&self) -> BoxFuture<'static, Outcome> {
        let Some(deadline) = self.deadline else { return pending().boxed() };
        let outcome = Outcome::Failed(format!("ran longer than its deadline of {:?}", self.span));
        // Unconstrained, since a plugin that always uses up its turn would otherwise leave none to the timer.
        unconstrained(sleep_until(deadline)).map(|()| outcome).boxed()
    }
}
