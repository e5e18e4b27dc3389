//! Turns a panic of a plugin into a failed attempt.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::{CatchUnwind, Map};
use task_domain::Outcome;
use tower::{Layer, Service};

use super::attempt::Attempt;
use super::plugin::storable;

#[derive(Clone, Copy, Debug)]
pub(super) struct CatchPanicLayer;

#[derive(Clone, Debug)]
pub(super) struct CatchPanic<S> {
    inner: S,
}

impl<S> Layer<S> for CatchPanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> CatchPanic<S> {
        CatchPanic { inner }
    }
}

impl<S> Service<Attempt> for CatchPanic<S>
where
    S: Service<Attempt, Response = Outcome, Error = Infallible>,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Map<CatchUnwind<AssertUnwindSafe<S::Future>>, fn(Caught) -> Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        // The future is never polled again after a panic, so nothing half-changed is seen.
        AssertUnwindSafe(self.inner.call(attempt)).catch_unwind().map(name)
    }
}

/// An outcome, or what a panic said.
type Caught = Result<Result<Outcome, Infallible>, Box<dyn Any + Send>>;

fn name(caught: Caught) -> Result<Outcome, Infallible> {
    caught.unwrap_or_else(|panic| {
        // As any message of a plugin: cut, and without what cannot be stored.
        Ok(Outcome::Failed(storable(&format!("the plugin panicked: {}", text(&*panic)))))
    })
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
