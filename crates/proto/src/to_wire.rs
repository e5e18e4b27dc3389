//! From the domain to the wire.

use jiff::Timestamp;
use task_domain as domain;

use crate::v1;

/// A time on the wire.
pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    // Both are seconds and nanoseconds, but the wire wants nanoseconds to count forward.
    let (mut seconds, mut nanos) = (at.as_second(), at.subsec_nanosecond());
    if nanos < 0 {
        seconds -= 1;
        nanos += 1_000_000_000;
    }
    prost_types::Timestamp { seconds, nanos }
}

/// A span on the wire.
pub fn duration(span: std::time::Duration) -> prost_types::Duration {
    let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    prost_types::Duration { seconds, nanos: span.subsec_nanos().cast_signed() }
}

impl From<domain::Status> for v1::Status {
    fn from(status: domain::Status) -> Self {
        match status {
            domain::Status::Pending => Self::Pending,
            domain::Status::Running => Self::Running,
            domain::Status::Retrying => Self::Retrying,
            domain::Status::Succeeded => Self::Succeeded,
            domain::Status::Failed => Self::Failed,
            domain::Status::Cancelled => Self::Cancelled,
        }
    }
}

impl From<domain::RetryPolicy> for v1::RetryPolicy {
    fn from(policy: domain::RetryPolicy) -> Self {
        Self { initial_backoff: Some(duration(policy.initial)), max_backoff: Some(duration(policy.max)) }
    }
}

impl From<domain::NewTask> for v1::TaskSpec {
    fn from(task: domain::NewTask) -> Self {
        Self {
            name: task.name.to_string(),
            r#type: task.kind.to_string(),
            payload: task.payload.as_str().to_owned(),
            retries: Some(task.retries.get()),
            retry_policy: task.backoff.map(Into::into),
            priority: task.priority.get(),
            queue: task.queue.to_string(),
            run_at: task.run_at.map(timestamp),
            timeout: task.timeout.map(duration),
            labels: task.labels.as_map().clone(),
            idempotency_key: task.key.map(|k| k.to_string()).unwrap_or_default(),
        }
    }
}

impl From<domain::Created> for v1::CreateTaskResponse {
    fn from(created: domain::Created) -> Self {
        Self {
            id: created.id.get(),
            created_at: Some(timestamp(created.created_at)),
            created: created.is_new,
            warnings: Vec::new(),
        }
    }
}

impl From<domain::TaskSummary> for v1::TaskSummary {
    fn from(task: domain::TaskSummary) -> Self {
        Self {
            id: task.id.get(),
            name: task.name.to_string(),
            r#type: task.lane.kind.to_string(),
            status: v1::Status::from(task.status).into(),
            version: task.version.0,
            attempt: task.attempt,
            retries: task.retries.get(),
            priority: task.lane.priority.get(),
            queue: task.lane.queue.to_string(),
            created_at: Some(timestamp(task.created_at)),
            updated_at: Some(timestamp(task.updated_at)),
            run_at: task.run_at.map(timestamp),
            worker_id: task.worker.map_or(0, domain::WorkerId::get),
        }
    }
}

impl From<domain::Task> for v1::Task {
    fn from(task: domain::Task) -> Self {
        Self {
            summary: Some(task.summary.into()),
            payload: task.payload.as_str().to_owned(),
            retry_policy: task.backoff.map(Into::into),
            timeout: task.timeout.map(duration),
            labels: task.labels.as_map().clone(),
            idempotency_key: task.key.map(|k| k.to_string()).unwrap_or_default(),
            result: task.result.map(|r| r.as_str().to_owned()).unwrap_or_default(),
            details: task.details.unwrap_or_default(),
            worker_name: task.worker_name.unwrap_or_default(),
        }
    }
}

impl From<domain::HistoryEntry> for v1::HistoryEntry {
    fn from(entry: domain::HistoryEntry) -> Self {
        Self {
            task_id: entry.task.get(),
            version: entry.version.0,
            status: v1::Status::from(entry.status).into(),
            attempt: entry.attempt,
            worker_id: entry.worker.map_or(0, domain::WorkerId::get),
            worker_name: entry.worker_name.unwrap_or_default(),
            at: Some(timestamp(entry.at)),
            run_at: entry.run_at.map(timestamp),
            details: entry.details.unwrap_or_default(),
            result: entry.result.map(|r| r.as_str().to_owned()).unwrap_or_default(),
        }
    }
}

impl From<domain::Filter> for v1::TaskFilter {
    fn from(filter: domain::Filter) -> Self {
        Self {
            statuses: filter.statuses.into_iter().map(|s| v1::Status::from(s).into()).collect(),
            types: filter.kinds.iter().map(ToString::to_string).collect(),
            queues: filter.queues.iter().map(ToString::to_string).collect(),
            priority: filter.priority.map(domain::Priority::get),
            name_contains: filter.name_contains.unwrap_or_default(),
            payload_contains: filter.payload_contains.unwrap_or_default(),
            created_from: filter.created_from.map(timestamp),
            created_until: filter.created_until.map(timestamp),
        }
    }
}

impl From<domain::WorkerRecord> for v1::Worker {
    fn from(worker: domain::WorkerRecord) -> Self {
        Self {
            id: worker.id.get(),
            name: worker.info.name,
            version: worker.info.version,
            types: worker.info.kinds.iter().map(ToString::to_string).collect(),
            queues: worker.info.queues.iter().map(ToString::to_string).collect(),
            slots: worker.info.slots,
            busy: worker.busy,
            started_at: Some(timestamp(worker.started_at)),
            seen_at: Some(timestamp(worker.seen_at)),
            draining: worker.draining,
            host: worker.info.host,
            lease_losses: worker.losses,
            load: Vec::new(),
        }
    }
}

impl From<domain::Load> for v1::WorkerLoad {
    fn from(load: domain::Load) -> Self {
        Self { start: Some(timestamp(load.start)), busy: load.busy, busy_max: load.busy_max }
    }
}

impl From<domain::Activity> for v1::Activity {
    fn from(activity: domain::Activity) -> Self {
        Self {
            created: activity.created,
            started: activity.started,
            succeeded: activity.succeeded,
            failed: activity.failed,
            retrying: activity.retrying,
            put_back: activity.put_back,
            cancelled: activity.cancelled,
        }
    }
}

impl From<&domain::Durations> for v1::Latency {
    fn from(durations: &domain::Durations) -> Self {
        let at = |share| Some(duration(durations.percentile(share)));
        Self { count: durations.count(), p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    }
}

impl From<domain::ErrorGroup> for v1::ErrorGroup {
    fn from(group: domain::ErrorGroup) -> Self {
        Self {
            r#type: group.kind.to_string(),
            pattern: group.pattern,
            example: group.example,
            count: group.count,
            first_at: Some(timestamp(group.first_at)),
            last_at: Some(timestamp(group.last_at)),
            last_task_id: group.last_task.get(),
        }
    }
}
