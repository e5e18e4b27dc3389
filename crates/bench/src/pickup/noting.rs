//! A worker in this process, whose plugin does nothing but note when it started.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context as _, Result};
use task_plugin::{Context, Error, Outcome, Parameters, Plugin, Registry};
use task_worker::Options;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::until;
use crate::postgres::Postgres;

/// The type that the plugin runs.
pub(super) const KIND: &str = "pickup";

/// When each task was started; tasks are named by their number.
#[derive(Clone)]
pub(super) struct Moments {
    base: Instant,
    /// Nanoseconds since `base`; 0 for not yet.
    started: Arc<[AtomicU64]>,
}

impl Moments {
    pub(super) fn new(tasks: usize) -> Self {
        Self { base: Instant::now(), started: (0..tasks).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(super) fn now(&self) -> Duration {
        self.base.elapsed()
    }

    /// Waits until a task has started; when that was.
    pub(super) async fn wait(&self, task: u64) -> Result<Duration> {
        let place = &self.started[usize::try_from(task)?];
        until("the start of a task", || match place.load(Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        })
        .await
    }
}

impl Plugin for Moments {
    async fn run(&self, context: Context, _: Parameters) -> Result<Outcome, Error> {
        let now = u64::try_from(self.now().as_nanos()).unwrap_or(u64::MAX);
        let task: usize = context.name().as_str().parse()?;
        if let Some(place) = self.started.get(task) {
            place.store(now, Relaxed);
        }
        Ok(Outcome::DONE)
    }
}

/// A worker in this process.
pub(super) struct Worker {
    stop: CancellationToken,
    running: JoinHandle<Result<(), task_worker::Error>>,
}

impl Worker {
    /// Starts it and waits until it is registered.
    pub(super) async fn start(postgres: &Postgres, moments: Moments) -> Result<Self> {
        let stop = CancellationToken::new();
        let ready = Arc::new(Notify::new());
        let told = ready.clone();
        let plugins = Registry::new().with(KIND, moments);
        let running = tokio::spawn(task_worker::run(
            Options::new(postgres.settings()?),
            plugins,
            Arc::new(move |_| told.notify_one()),
            stop.clone(),
        ));
        tokio::time::timeout(Duration::from_secs(20), ready.notified())
            .await
            .context("the worker did not register")?;
        Ok(Self { stop, running })
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.running.await??)
    }
}
