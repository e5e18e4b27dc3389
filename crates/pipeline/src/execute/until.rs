//! Runs an attempt until it has ended, or something else ends it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::FutureExt;
use futures::future::BoxFuture;
use pin_project_lite::pin_project;
use task_domain::Outcome;

/// What may end an attempt from outside.
pub(super) trait End {
    /// Waits for it; how the attempt ends by it.
    fn wait(&self) -> BoxFuture<'static, Outcome>;
}

pin_project! {
    /// `run`, until it has ended or is ended.
    pub(super) struct Until<F, E> {
        // None once it was ended: it is dropped at once, with all that this takes.
        #[pin]
        run: Option<F>,
        end: E,
        // Not made before it is waited for: most attempts end at once.
        ending: Option<BoxFuture<'static, Outcome>>,
    }
}

impl<F, E> Until<F, E> {
    pub(super) fn new(run: F, end: E) -> Self {
        Self { run: Some(run), end, ending: None }
    }
}

impl<F: Future<Output = Result<Outcome, Infallible>>, E: End> Future for Until<F, E> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        // The attempt first: one that waits for its stop itself gets to say what it will.
        if let Some(run) = this.run.as_mut().as_pin_mut()
            && let Poll::Ready(outcome) = run.poll(cx)
        {
            return Poll::Ready(outcome);
        }
        let ending = this.ending.get_or_insert_with(|| this.end.wait());
        let outcome = ready!(ending.poll_unpin(cx));
        this.run.set(None);
        Poll::Ready(Ok(outcome))
    }
}
