//! Batches as columns: the form in which one statement takes many rows.
//!
//! A column in which no row has a value can be left out: its parameter is null then.

use std::time::Duration;

use jiff_sqlx::{Timestamp, ToSqlx};
use sqlx::types::Uuid;
use task_domain::{IdempotencyKey, NewTask, RetryPolicy, Settled};

use crate::record::stored;

/// A new task as columns.
pub(crate) struct Row<'a> {
    pub(crate) lane: i32,
    pub(crate) retries: i32,
    pub(crate) run_at: Option<Timestamp>,
    pub(crate) timeout: Option<i64>,
    pub(crate) backoff_initial: Option<i64>,
    pub(crate) backoff_max: Option<i64>,
    pub(crate) name: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) labels: Option<String>,
    pub(crate) key: Option<&'a str>,
    pub(crate) key_hash: Option<Uuid>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(task: &'a NewTask, lane: i32) -> Self {
        let backoff = |part: fn(&RetryPolicy) -> Duration| task.backoff.as_ref().map(part).map(millis);
        let labels = (!task.labels.is_empty()).then(|| serde_json::to_string(&task.labels));
        Self {
            lane,
            retries: task.retries.get().cast_signed(),
            run_at: task.run_at.map(ToSqlx::to_sqlx),
            timeout: task.timeout.map(|t| millis(t).max(1)),
            backoff_initial: backoff(|p| p.initial),
            backoff_max: backoff(|p| p.max),
            name: task.name.as_str(),
            payload: task.payload.as_str(),
            labels: labels.transpose().expect("a map of texts is JSON"),
            key: task.key.as_ref().map(IdempotencyKey::as_str),
            key_hash: task.key.as_ref().map(hash),
        }
    }
}

/// The column, unless no row has a value in it.
pub(crate) fn if_any<T>(column: Vec<Option<T>>) -> Option<Vec<Option<T>>> {
    column.iter().any(Option::is_some).then_some(column)
}

/// New tasks, a column each for the parameters of `submit.sql`.
#[derive(Default)]
pub(crate) struct NewTasks<'a> {
    pub(crate) lanes: Vec<i32>,
    pub(crate) retries: Vec<i32>,
    pub(crate) run_at: Vec<Option<Timestamp>>,
    pub(crate) timeout: Vec<Option<i64>>,
    pub(crate) backoff_initial: Vec<Option<i64>>,
    pub(crate) backoff_max: Vec<Option<i64>>,
    pub(crate) names: Vec<&'a str>,
    pub(crate) payloads: Vec<&'a str>,
    pub(crate) labels: Vec<Option<String>>,
    pub(crate) keys: Vec<Option<&'a str>>,
    pub(crate) key_hashes: Vec<Option<Uuid>>,
}

impl<'a> NewTasks<'a> {
    pub(crate) fn push(&mut self, row: Row<'a>) {
        self.lanes.push(row.lane);
        self.retries.push(row.retries);
        self.run_at.push(row.run_at);
        self.timeout.push(row.timeout);
        self.backoff_initial.push(row.backoff_initial);
        self.backoff_max.push(row.backoff_max);
        self.names.push(row.name);
        self.payloads.push(row.payload);
        self.labels.push(row.labels);
        self.keys.push(row.key);
        self.key_hashes.push(row.key_hash);
    }
}

/// A key in 16 bytes: the first half of its SHA-256.
pub(crate) fn hash(key: &IdempotencyKey) -> Uuid {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(key.as_str());
    let half = digest.first_chunk::<16>().expect("SHA-256 has 32 bytes");
    Uuid::from_bytes(*half)
}

/// A span in whole milliseconds.
pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Decisions, a column each for the parameters of `record.sql`.
#[derive(Default)]
pub(crate) struct Decisions<'a> {
    pub(crate) tasks: Vec<i64>,
    pub(crate) epochs: Vec<i64>,
    pub(crate) attempts: Vec<i32>,
    pub(crate) statuses: Vec<i16>,
    pub(crate) failed: Vec<bool>,
    pub(crate) delays_us: Vec<i64>,
    pub(crate) details: Vec<Option<&'a str>>,
    pub(crate) results: Vec<Option<&'a str>>,
}

impl<'a> Decisions<'a> {
    pub(crate) fn push(&mut self, settled: &'a Settled) {
        let row = stored(&settled.decision);
        self.tasks.push(settled.lease.task.get());
        self.epochs.push(settled.lease.epoch.get());
        self.attempts.push(settled.lease.attempt.cast_signed());
        self.statuses.push(row.status.code());
        self.failed.push(row.failed);
        self.delays_us.push(i64::try_from(row.delay.as_micros()).unwrap_or(i64::MAX));
        self.details.push(row.details);
        self.results.push(row.result);
    }
}
