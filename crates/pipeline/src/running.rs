//! What runs here, so that it can be told to stop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use foldhash::fast::RandomState;
use task_domain::Lease;
use task_plugin::{Signal, Stop};

/// By a hash that is quick: two look-ups an attempt.
type Attempts = HashMap<Lease, Signal, RandomState>;

/// The attempts that were claimed here and have not ended. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Running {
    attempts: Arc<Mutex<Attempts>>,
}

impl Running {
    /// Notes attempts; each is forgotten when its guard is dropped.
    pub(crate) fn enter(&self, leases: impl Iterator<Item = Lease>) -> Vec<(Signal, Entered)> {
        let mut attempts = self.lock();
        let enter = |lease| {
            let signal = Signal::default();
            attempts.insert(lease, signal.clone());
            (signal, Entered { lease, running: self.clone() })
        };
        leases.map(enter).collect()
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

    fn lock(&self) -> MutexGuard<'_, Attempts> {
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
