//! What a plugin is told about the attempt it runs.

use std::time::Instant;

use task_domain::{Claimed, Lease, Name};

use crate::Signal;

/// The attempt that a plugin runs, and the signal to stop it.
#[derive(Clone, Debug)]
pub struct Context {
    lease: Lease,
    name: Name,
    last: bool,
    deadline: Option<Instant>,
    signal: Signal,
}

impl Context {
    /// Makes the context of a claimed attempt. For workers, and for tests of plugins.
    pub fn new(claimed: &Claimed, deadline: Option<Instant>, signal: Signal) -> Self {
        Self {
            lease: claimed.lease,
            name: claimed.name.clone(),
            last: claimed.failures >= claimed.retries.get(),
            deadline,
            signal,
        }
    }

    /// Task, attempt and claim.
    pub fn lease(&self) -> Lease {
        self.lease
    }

    /// A key that is the same for every side effect of this attempt: pass it on to systems that
    /// drop duplicates, since an attempt whose worker was lost is started again.
    pub fn idempotency_key(&self) -> String {
        self.lease.idempotency_key()
    }

    /// The task's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The attempt's number, from 1.
    pub fn attempt(&self) -> u32 {
        self.lease.attempt
    }

    /// Whether a failure of this attempt is the task's end.
    pub fn is_last_attempt(&self) -> bool {
        self.last
    }

    /// When the worker will give up on this attempt, if it has a deadline.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Resolves once the attempt is to stop: the task was cancelled, its lease was lost, or the
    /// worker's grace period is over. The worker drops the plugin's future right after, so only a
    /// plugin with something to tidy up needs to wait for this.
    pub async fn cancelled(&self) {
        self.signal.stopped().await;
    }

    /// Whether the attempt is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.signal.why().is_some()
    }
}
