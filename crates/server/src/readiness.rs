//! Whether calls can be served, and why not: for `/readyz`, the health service and every call.

use std::sync::Arc;
use std::time::Duration;

use task_domain::ports;
use task_telemetry::logging::chain;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tonic::Status;

use crate::{Backend, metrics::READY};

/// Where the server stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The database has not been seen in order since the start.
    Starting(Arc<str>),
    /// Calls can be served.
    Ready,
    /// The database was in order and is not now.
    Unready(Arc<str>),
    /// Told to stop.
    Stopping,
}

/// Knows where the server stands, by asking the store.
pub(crate) struct Readiness<B> {
    backend: B,
    state: watch::Sender<State>,
    checked: Mutex<Option<Instant>>,
}

impl<B: Backend> Readiness<B> {
    pub(crate) fn new(backend: B) -> Self {
        let state = State::Starting("the database has not been looked at yet".into());
        metrics::gauge!(READY).set(0.0);
        Self { backend, state: watch::Sender::new(state), checked: Mutex::new(None) }
    }

    /// Where the server stands, as it was seen last.
    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Follows where the server stands.
    pub(crate) fn follow(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Refuses calls while the schema has not been seen in order: they would fail in ways that
    /// say nothing. Later on the ports themselves tell what they cannot do.
    pub(crate) fn admit(&self) -> Result<(), Status> {
        match *self.state.borrow() {
            State::Starting(_) => Err(Status::unavailable(
                "the service is starting and its database is not ready yet; try again",
            )),
            _ => Ok(()),
        }
    }

    /// Takes no more: from now on it is stopping, whatever the database says.
    pub(crate) fn stop(&self) {
        self.put(State::Stopping);
    }

    /// Waits until the schema is right, bringing it there if `migrate`.
    ///
    /// # Errors
    /// What no waiting will mend, such as a schema newer than this binary.
    pub(crate) async fn prepare(&self, migrate: bool) -> Result<(), ports::Error> {
        let mut longest = Duration::from_millis(100);
        loop {
            match self.backend.prepare(migrate).await {
                Ok(()) => {
                    self.put(State::Ready);
                    return Ok(());
                }
                Err(error) if error.is_retryable() => self.put(State::Starting(chain(&error).into())),
                Err(error) => return Err(error),
            }
            // Full jitter, so that servers started together do not knock together.
            tokio::time::sleep(longest.mul_f64(rand::random_range(0.0..=1.0))).await;
            longest = (longest * 2).min(Duration::from_secs(2));
        }
    }

    /// Looks at the database for ever, once it has been prepared.
    pub(crate) async fn keep(&self) {
        loop {
            let wait = match self.look(Duration::ZERO).await {
                State::Ready => Duration::from_secs(30),
                _ => Duration::from_millis(500),
            };
            // Spread, so that several servers do not look in step.
            tokio::time::sleep(wait.mul_f64(rand::random_range(0.7..1.3))).await;
        }
    }

    /// Looks at the database, unless that was done within `max_age`. One look at a time. Before
    /// it is prepared there is nothing to see.
    pub(crate) async fn look(&self, max_age: Duration) -> State {
        const LONGEST: Duration = Duration::from_secs(3);
        if let early @ (State::Starting(_) | State::Stopping) = self.state() {
            return early;
        }
        let mut checked = self.checked.lock().await;
        if checked.is_none_or(|at| at.elapsed() >= max_age) {
            let seen = match tokio::time::timeout(LONGEST, self.backend.ready()).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(chain(&error)),
                Err(_) => Err(format!("the database did not answer within {} s", LONGEST.as_secs())),
            };
            *checked = Some(Instant::now());
            self.put(seen.map_or_else(|reason| State::Unready(reason.into()), |()| State::Ready));
        }
        self.state()
    }

    fn put(&self, next: State) {
        let changed = self.state.send_if_modified(|state| {
            if *state == State::Stopping || *state == next {
                return false;
            }
            *state = next.clone();
            true
        });
        if !changed {
            return;
        }
        metrics::gauge!(READY).set(if next == State::Ready { 1.0 } else { 0.0 });
        match next {
            State::Ready => tracing::info!("ready: the database is reachable and its schema is right"),
            State::Starting(reason) | State::Unready(reason) => {
                tracing::warn!(reason = %reason, "not ready");
            }
            State::Stopping => tracing::info!("stopping"),
        }
    }
}
