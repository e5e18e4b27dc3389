//! Ends an attempt that is told to stop.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::FutureExt;
use futures::future::BoxFuture;
use pin_project_lite::pin_project;
use task_domain::Outcome;
use task_plugin::{Signal, Stop};
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
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Cancellable<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        let signal = attempt.signal.clone();
        Cancellable { run: Some(self.inner.call(attempt)), signal, stopped: None }
    }
}

pin_project! {
    /// Runs until it has ended or is told to stop.
    pub(super) struct Cancellable<F> {
        // None once it was told to stop: then it is dropped at once, with all that this takes.
        #[pin]
        run: Option<F>,
        signal: Signal,
        // Not before it is waited for: most attempts end at once.
        stopped: Option<BoxFuture<'static, Stop>>,
    }
}

impl<F: Future<Output = Result<Outcome, Infallible>>> Future for Cancellable<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        // The plugin first: one that waits for the stop itself gets to say what it will.
        if let Some(run) = this.run.as_mut().as_pin_mut()
            && let Poll::Ready(outcome) = run.poll(cx)
        {
            return Poll::Ready(outcome);
        }
        let stopped = this.stopped.get_or_insert_with(|| {
            let signal = this.signal.clone();
            async move { signal.stopped().await }.boxed()
        });
        let why = ready!(stopped.poll_unpin(cx));
        this.run.set(None);
        Poll::Ready(Ok(why.into()))
    }
}
