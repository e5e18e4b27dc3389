//! Gives up on an attempt that takes too long.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use task_domain::Outcome;
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};
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
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Timed<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut attempt: Attempt) -> Self::Future {
        let span = attempt.claimed.timeout.unwrap_or(self.default);
        let deadline = attempt.began.checked_add(span);
        attempt.deadline = deadline;
        Timed { run: Some(self.inner.call(attempt)), span, deadline, timer: None }
    }
}

pin_project! {
    /// Runs until it has ended or its time is up.
    pub(super) struct Timed<F> {
        // None once its time is up: then it is dropped at once, with all that this takes.
        #[pin]
        run: Option<F>,
        span: Duration,
        // None is so far away that no clock reaches it.
        deadline: Option<Instant>,
        // Not before it is waited for: most attempts end at once. Unconstrained, since a plugin that always
        // uses up its turn would otherwise leave none to the timer.
        timer: Option<Pin<Box<Unconstrained<Sleep>>>>,
    }
}

impl<F: Future<Output = Result<Outcome, Infallible>>> Future for Timed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let Some(run) = this.run.as_mut().as_pin_mut()
            && let Poll::Ready(outcome) = run.poll(cx)
        {
            return Poll::Ready(outcome);
        }
        let Some(deadline) = *this.deadline else { return Poll::Pending };
        let timer = this.timer.get_or_insert_with(|| Box::pin(unconstrained(sleep_until(deadline))));
        ready!(timer.as_mut().poll(cx));
        this.run.set(None);
        let span = this.span;
        Poll::Ready(Ok(Outcome::Failed(format!("ran longer than its deadline of {span:?}"))))
    }
}
