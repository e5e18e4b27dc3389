//! One row for every change of a task, written in the same transaction as the change.

use jiff::Timestamp;

use crate::{Status, TaskId, TaskResult, Version, WorkerId};

/// One change of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// The task.
    pub task: TaskId,
    /// The change's number, from 1, without gaps.
    pub version: Version,
    /// The status it led to.
    pub status: Status,
    /// The attempt it belongs to, from 1; 0 before the first.
    pub attempt: u32,
    /// The worker that made it, or whose attempt it ended.
    pub worker: Option<WorkerId>,
    /// That worker's name.
    pub worker_name: Option<String>,
    /// When, by the database's clock.
    pub at: Timestamp,
    /// When the task may start (again), where it has to wait.
    pub run_at: Option<Timestamp>,
    /// The error, the reason, or a note. Never empty.
    pub details: Option<String>,
    /// What came out, on SUCCEEDED.
    pub result: Option<TaskResult>,
}
