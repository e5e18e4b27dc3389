//! A task: what was asked, and where it stands.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    IdempotencyKey, Kind, Labels, Lane, Name, Payload, Priority, Queue, Retries, RetryPolicy, Status, TaskId,
    TaskResult, Version, WorkerId,
};

/// What a submitter asks for, checked: every part is within its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// What people call it.
    pub name: Name,
    /// Names the plugin that runs it.
    pub kind: Kind,
    /// What goes in.
    pub payload: Payload,
    /// Retries allowed after the first attempt. Default: 3.
    pub retries: Retries,
    /// Its own backoff, where it brings one; the worker's applies otherwise.
    pub backoff: Option<RetryPolicy>,
    /// Higher runs first. Default: 0.
    pub priority: Priority,
    /// The queue it waits in. Default: `default`.
    pub queue: Queue,
    /// Not to be started before; at once where absent or past.
    pub run_at: Option<Timestamp>,
    /// Deadline of each attempt; the worker's applies where absent.
    pub timeout: Option<Duration>,
    /// The submitter's own notes.
    pub labels: Labels,
    /// The same key again returns the first task and makes no second one.
    pub key: Option<IdempotencyKey>,
}

impl NewTask {
    /// A task with all defaults.
    pub fn new(name: Name, kind: Kind) -> Self {
        Self {
            name,
            kind,
            payload: Payload::default(),
            retries: Retries::default(),
            backoff: None,
            priority: Priority::default(),
            queue: Queue::default(),
            run_at: None,
            timeout: None,
            labels: Labels::default(),
            key: None,
        }
    }

    /// Where it will wait.
    pub fn lane(&self) -> Lane {
        Lane { queue: self.queue.clone(), kind: self.kind.clone(), priority: self.priority }
    }
}

/// The answer to a create, given after its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    /// The task: the new one, or the one that this idempotency key made before.
    pub id: TaskId,
    /// When that task was created.
    pub created_at: Timestamp,
    /// Whether this call made it.
    pub is_new: bool,
}

/// What a list shows of a task: all but payload and result.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskSummary {
    /// Its id.
    pub id: TaskId,
    /// What people call it.
    pub name: Name,
    /// Queue, type and priority.
    pub lane: Lane,
    /// Where it stands.
    pub status: Status,
    /// Number of its newest change.
    pub version: Version,
    /// The attempt that runs or ran last, from 1; 0 before the first.
    pub attempt: u32,
    /// Retries allowed after the first attempt.
    pub retries: Retries,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its newest change was made.
    pub updated_at: Timestamp,
    /// When it may start (again), while that lies ahead.
    pub run_at: Option<Timestamp>,
    /// The worker of its newest attempt.
    pub worker: Option<WorkerId>,
}

/// A task in full.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// What a list shows too.
    pub summary: TaskSummary,
    /// What went in.
    pub payload: Payload,
    /// Its own backoff, where it brought one.
    pub backoff: Option<RetryPolicy>,
    /// Deadline of each attempt, where it brought one.
    pub timeout: Option<Duration>,
    /// The submitter's own notes.
    pub labels: Labels,
    /// The submitter's key, as it was given.
    pub key: Option<IdempotencyKey>,
    /// What came out, once it has succeeded.
    pub result: Option<TaskResult>,
    /// The newest error or note of its history.
    pub details: Option<String>,
    /// Name of the worker of its newest attempt.
    pub worker_name: Option<String>,
}
