//! One numbered try of a task, on its way through a worker: claimed, executed, decided, settled.

use std::time::Duration;

use crate::{Epoch, Kind, Name, Payload, Retries, RetryPolicy, TaskId, TaskResult};

/// The right to finish one attempt, and the fence of every write made under it.
///
/// The epoch alone is unique; task and attempt are named with it so that a mix-up shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The task.
    pub task: TaskId,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The claim.
    pub epoch: Epoch,
}

impl Lease {
    /// A key that is the same for every side effect of this attempt and differs for every other
    /// attempt: for plugins to pass on to systems that can drop duplicates.
    pub fn idempotency_key(&self) -> String {
        format!("task-{}-{}", self.task, self.attempt)
    }
}

/// A task that this worker holds a lease on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The lease.
    pub lease: Lease,
    /// What people call the task.
    pub name: Name,
    /// Names the plugin that runs it.
    pub kind: Kind,
    /// What goes in.
    pub payload: Payload,
    /// Retries allowed after the first attempt.
    pub retries: Retries,
    /// Attempts that failed before this one, since the task was created or last retried by hand.
    pub failures: u32,
    /// The task's own backoff, where it brought one.
    pub backoff: Option<RetryPolicy>,
    /// The task's own deadline, where it brought one.
    pub timeout: Option<Duration>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what was asked, and may have something to show.
    Succeeded(Option<TaskResult>),
    /// It failed, and another try may help.
    Failed(String),
    /// It failed, and no other try will help.
    FailedForGood(String),
    /// The plugin wants it run again after this time; costs no attempt.
    Snoozed(Duration),
    /// This worker was told to stop, or had no slot for it after all; costs no attempt.
    Interrupted,
    /// The lease was lost while it ran: there is nothing left to write.
    LeaseLost,
}

/// An attempt that has ended, with how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// The attempt.
    pub claimed: Claimed,
    /// How it ended.
    pub outcome: Outcome,
    /// How long the plugin ran.
    pub ran_for: Duration,
}

/// What an ended attempt means for its task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// SUCCEEDED.
    Succeed(Option<TaskResult>),
    /// RETRYING, to be started again after `delay`.
    Retry {
        /// From the moment of recording.
        delay: Duration,
        /// What went wrong.
        error: String,
    },
    /// FAILED.
    Fail {
        /// What went wrong.
        error: String,
    },
    /// PENDING, to be started again after `delay`; costs no attempt.
    PutBack {
        /// From the moment of recording.
        delay: Duration,
        /// Why.
        reason: &'static str,
    },
}

/// A decision on its way to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The fence.
    pub lease: Lease,
    /// What to write.
    pub decision: Decision,
}

/// What the store made of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Written.
    Recorded,
    /// The lease was no longer held: nothing was changed.
    Stale,
}
