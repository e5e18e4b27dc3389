//! What runs here, so that it can be told to stop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use task_domain::{Lease, Outcome};
use tokio_util::sync::CancellationToken;

/// Why an attempt is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its lease is lost: the task was cancelled, or given to another worker.
    LeaseLost,
    /// This worker's time is up.
    Interrupted,
}

impl From<Stop> for Outcome {
    fn from(why: Stop) -> Self {
        match why {
            Stop::LeaseLost => Self::LeaseLost,
            Stop::Interrupted => Self::Interrupted,
        }
    }
}

/// The attempts that were claimed here and have not ended. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Running {
    attempts: Arc<Mutex<HashMap<Lease, Signal>>>,
}

/// Tells one attempt to stop, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signal {
    why: Arc<OnceLock<Stop>>,
    token: CancellationToken,
}

impl Signal {
    fn stop(&self, why: Stop) {
        // The first reason stands.
        if self.why.set(why).is_ok() {
            self.token.cancel();
        }
    }

    /// Waits until the attempt is told to stop.
    pub(crate) async fn stopped(&self) -> Stop {
        self.token.cancelled().await;
        self.why().unwrap_or(Stop::Interrupted)
    }

    /// Why it is to stop, if it is.
    pub(crate) fn why(&self) -> Option<Stop> {
        self.why.get().copied()
    }

    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }
}

impl Running {
    /// Notes an attempt; it is forgotten when the guard is dropped.
    pub(crate) fn enter(&self, lease: Lease) -> (Signal, Entered) {
        let signal = Signal::default();
        self.lock().insert(lease, signal.clone());
        (signal, Entered { lease, running: self.clone() })
    }

    /// The leases that are held, in the order of their tasks.
    pub fn leases(&self) -> Vec<Lease> {
        let mut leases: Vec<_> = self.lock().keys().copied().collect();
        // A map gives another order each time; a simulation needs the same one again.
        leases.sort_unstable_by_key(|lease| (lease.task, lease.epoch));
        leases
    }

    /// Tells an attempt to stop. Does nothing if it has ended.
    pub fn stop(&self, lease: Lease, why: Stop) {
        let signal = self.lock().get(&lease).cloned();
        if let Some(signal) = signal {
            signal.stop(why);
        }
    }

    /// Tells all attempts to stop.
    pub fn stop_all(&self, why: Stop) {
        for lease in self.leases() {
            self.stop(lease, why);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Lease, Signal>> {
        self.attempts.lock().expect("no holder of this lock panics")
    }
}

/// Forgets an attempt when it is dropped.
pub(crate) struct Entered {
    lease: Lease,
    running: Running,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.running.lock().remove(&self.lease);
    }
}
