//! Rows as the domain's types.

use std::time::Duration;

use jiff_sqlx::Timestamp;
use task_domain::{
    HistoryEntry, IdempotencyKey, Labels, Lease, Name, Payload, Retries, RetryPolicy, Status, Task, TaskId,
    TaskResult, TaskSummary, Version, WorkerId,
};

use crate::lane::Lanes;

/// A status number as a status.
pub(crate) fn status(code: i16) -> sqlx::Result<Status> {
    Status::from_code(code).ok_or_else(|| sqlx::Error::Decode(format!("{code} is no status").into()))
}

/// A count that the database keeps with a sign.
pub(crate) fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}

/// A span from its milliseconds.
pub(crate) fn span(millis: i64) -> Duration {
    Duration::from_millis(millis.unsigned_abs())
}

/// A task and its claim's epoch: what a lease is known by. Never the task alone, which the same worker may
/// hold under two claims at a time: one that a crash took back, and the next.
pub(crate) type ClaimOf = (i64, i64);

/// Of a lease.
pub(crate) fn claim_of(lease: &Lease) -> ClaimOf {
    (lease.task.get(), lease.epoch.get())
}

/// A task's own backoff, where it brought one.
pub(crate) fn backoff(initial: Option<i64>, max: Option<i64>) -> Option<RetryPolicy> {
    Some(RetryPolicy { initial: span(initial?), max: span(max?) })
}

#[derive(sqlx::FromRow)]
pub(crate) struct SummaryRow {
    pub(crate) id: i64,
    pub(crate) created_at: Timestamp,
    lane_id: i32,
    retries: i32,
    name: String,
    version: i32,
    attempt: i32,
    status: i16,
    worker_id: Option<i64>,
    updated_at: Timestamp,
    run_at: Option<Timestamp>,
}

impl SummaryRow {
    pub(crate) fn lane_id(&self) -> i32 {
        self.lane_id
    }

    /// The lanes of all rows have to be known.
    pub(crate) fn summary(self, lanes: &Lanes) -> sqlx::Result<TaskSummary> {
        let status = status(self.status)?;
        let waits = matches!(status, Status::Pending | Status::Retrying);
        let unknown = || sqlx::Error::Decode(format!("there is no lane {}", self.lane_id).into());
        Ok(TaskSummary {
            id: TaskId::from_store(self.id),
            name: Name::from_store(self.name),
            lane: lanes.lane(self.lane_id).ok_or_else(unknown)?,
            status,
            version: Version(self.version),
            attempt: count(self.attempt),
            retries: Retries::new(count(self.retries)).unwrap_or_default(),
            created_at: self.created_at.to_jiff(),
            updated_at: self.updated_at.to_jiff(),
            run_at: self.run_at.filter(|_| waits).map(Timestamp::to_jiff),
            worker: self.worker_id.map(WorkerId::from_store),
        })
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct TaskRow {
    #[sqlx(flatten)]
    pub(crate) summary: SummaryRow,
    details: Option<String>,
    result: Option<String>,
    payload: String,
    timeout_ms: Option<i64>,
    backoff_initial_ms: Option<i64>,
    backoff_max_ms: Option<i64>,
    labels: Option<String>,
    idempotency_key: Option<String>,
    worker_name: Option<String>,
}

impl TaskRow {
    pub(crate) fn task(self, lanes: &Lanes) -> sqlx::Result<Task> {
        let labels = self.labels.map(|text| serde_json::from_str::<Labels>(&text)).transpose();
        Ok(Task {
            summary: self.summary.summary(lanes)?,
            payload: Payload::from_store(&self.payload),
            backoff: backoff(self.backoff_initial_ms, self.backoff_max_ms),
            timeout: self.timeout_ms.map(span),
            labels: labels.map_err(|e| sqlx::Error::Decode(e.into()))?.unwrap_or_default(),
            key: self.idempotency_key.map(IdempotencyKey::from_store),
            result: self.result.as_deref().map(TaskResult::from_store),
            details: self.details,
            worker_name: self.worker_name,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct HistoryRow {
    task_id: i64,
    version: i32,
    status: i16,
    attempt: i32,
    worker_id: Option<i64>,
    worker_name: Option<String>,
    created_at: Timestamp,
    run_at: Option<Timestamp>,
    details: Option<String>,
    result: Option<String>,
}

impl HistoryRow {
    pub(crate) fn entry(self) -> sqlx::Result<HistoryEntry> {
        Ok(HistoryEntry {
            task: TaskId::from_store(self.task_id),
            version: Version(self.version),
            status: status(self.status)?,
            attempt: count(self.attempt),
            worker: self.worker_id.map(WorkerId::from_store),
            worker_name: self.worker_name,
            at: self.created_at.to_jiff(),
            run_at: self.run_at.map(Timestamp::to_jiff),
            details: self.details,
            result: self.result.as_deref().map(TaskResult::from_store),
        })
    }
}
