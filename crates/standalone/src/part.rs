//! A part of the whole that runs on its own until it is told to stop.

use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::Error;

/// A running part. Dropping it tells it to stop, and does not wait.
#[derive(Debug)]
pub(crate) struct Part {
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
    /// `None` once its end has been seen.
    task: Option<JoinHandle<Result<(), Error>>>,
}

impl Part {
    /// Starts a part, with the token by which it is told to stop.
    pub(crate) fn start<F>(part: impl FnOnce(CancellationToken) -> F) -> Self
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let task = tokio::spawn(part(stop.clone()));
        Self { stop: stop.clone(), _stop_when_dropped: stop.drop_guard(), task: Some(task) }
    }

    /// Waits until it ends, by itself or since it was told to.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn ended(&mut self) -> Result<(), Error> {
        let Some(task) = &mut self.task else { return Ok(()) };
        let ended = task.await;
        self.task = None;
        ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) async fn finish(mut self) -> Result<(), Error> {
        self.stop.cancel();
        self.ended().await
    }
}
