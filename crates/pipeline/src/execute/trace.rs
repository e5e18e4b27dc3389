//! Puts all that an attempt logs into a span that names it.

use std::task::{Context, Poll};

use tower::{Layer, Service};
use tracing::instrument::{Instrument, Instrumented};

use super::attempt::Attempt;

#[derive(Clone, Copy, Debug)]
pub(super) struct TraceLayer;

#[derive(Clone, Debug)]
pub(super) struct Trace<S> {
    inner: S,
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner }
    }
}

impl<S: Service<Attempt>> Service<Attempt> for Trace<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Instrumented<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        let claimed = &attempt.claimed;
        let span = tracing::info_span!(
            "attempt",
            task.id = claimed.lease.task.get(),
            task.attempt = claimed.lease.attempt,
            task.type = claimed.kind.as_str(),
        );
        self.inner.call(attempt).instrument(span)
    }
}
