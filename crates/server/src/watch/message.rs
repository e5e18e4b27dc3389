//! The messages of a watch.

use task_domain::{HistoryEntry, TaskSummary};
use task_proto::{to_wire, v1};
use tonic::Status;

use v1::watch_tasks_response::Event;

/// What a watch yields.
pub(crate) type Told = Result<v1::WatchTasksResponse, Status>;

/// The stream is alive.
pub(crate) fn heartbeat() -> v1::WatchTasksResponse {
    v1::WatchTasksResponse { event: Some(Event::Heartbeat(v1::Heartbeat {})) }
}

/// Changes were left out; `missed` is 0 where nobody knows how many.
pub(crate) fn resync(missed: u64, reason: &str) -> v1::WatchTasksResponse {
    let resync = v1::Resync { missed, reason: reason.to_owned() };
    v1::WatchTasksResponse { event: Some(Event::Resync(resync)) }
}

/// A task changed.
pub(crate) fn change(change: v1::TaskChange) -> v1::WatchTasksResponse {
    v1::WatchTasksResponse { event: Some(Event::Change(change)) }
}

/// A change with what people want to know of its task.
pub(crate) fn task_change(entry: HistoryEntry, task: &TaskSummary) -> v1::TaskChange {
    let entry = v1::HistoryEntry { result: String::new(), ..entry.into() };
    v1::TaskChange {
        entry: Some(entry),
        name: task.name.to_string(),
        r#type: task.lane.kind.to_string(),
        queue: task.lane.queue.to_string(),
        priority: task.lane.priority.get(),
        retries: task.retries.get(),
        created_at: Some(to_wire::timestamp(task.created_at)),
    }
}

/// Why a watch ends when the server stops.
pub(crate) fn stopping() -> Status {
    Status::unavailable("the server is shutting down; resume elsewhere or later")
}

/// About how many bytes an entry takes in memory, its result apart.
pub(crate) fn size_of(entry: &HistoryEntry) -> usize {
    let text = |t: &Option<String>| t.as_ref().map_or(0, String::len);
    size_of_val(entry) + text(&entry.details) + text(&entry.worker_name)
}
