//! A process that can be made to stand still, or killed, in the middle of whatever it does.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

/// Whether a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Runs,
    StandsStill,
    IsDead,
}

/// Holds one process in its hand. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct Gate {
    mode: Arc<watch::Sender<Mode>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { mode: Arc::new(watch::Sender::new(Mode::Runs)) }
    }
}

impl Gate {
    /// Has the process stand still: it does nothing until it is let go on.
    pub fn pause(&self) {
        self.mode.send_if_modified(|mode| {
            *mode == Mode::Runs && {
                *mode = Mode::StandsStill;
                true
            }
        });
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.mode.send_if_modified(|mode| {
            *mode == Mode::StandsStill && {
                *mode = Mode::Runs;
                true
            }
        });
    }

    /// Kills it: whatever it does never goes on.
    pub fn kill(&self) {
        self.mode.send_replace(Mode::IsDead);
    }

    /// Waits while the process stands still; for ever once it is dead.
    pub async fn pass(&self) {
        let mut mode = self.mode.subscribe();
        // The sender lives as long as this gate.
        let _ = mode.wait_for(|mode| *mode == Mode::Runs).await;
    }

    /// Waits until it is dead.
    pub async fn died(&self) {
        let mut mode = self.mode.subscribe();
        let _ = mode.wait_for(|mode| *mode == Mode::IsDead).await;
    }

    fn runs(&self) -> bool {
        *self.mode.borrow() == Mode::Runs
    }

    /// Has `inner` take steps only while the process runs.
    pub fn hold<T>(&self, inner: impl Future<Output = T> + Send + 'static) -> Gated<T> {
        Gated { gate: self.clone(), inner: inner.boxed(), waits: None }
    }
}

/// A future inside a process.
pub struct Gated<T> {
    gate: Gate,
    inner: BoxFuture<'static, T>,
    waits: Option<BoxFuture<'static, ()>>,
}

impl<T> Future for Gated<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        while !self.gate.runs() {
            let gate = self.gate.clone();
            let waits = self.waits.get_or_insert_with(|| async move { gate.pass().await }.boxed());
            std::task::ready!(waits.as_mut().poll(cx));
            self.waits = None;
        }
        self.waits = None;
        self.inner.as_mut().poll(cx)
    }
}
