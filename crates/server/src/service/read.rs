//! The calls that only look: one task, lists, histories, counts, workers.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use task_domain::ports::Counts;
use task_domain::{HistoryEntry, Invalid, Status as TaskStatus, TaskId, Version, WorkerRecord};
use task_proto::status::from_invalid;
use task_proto::{from_wire, v1};
use tonic::Status;

use super::refuse;
use crate::Backend;

/// Most entries of a history at a time, and how many where nothing is said.
const HISTORY: u32 = 1_000;
/// How far back the load of workers is kept.
const LOAD: Duration = Duration::from_hours(24);
/// Details and results may make a page of history large: it ends early at this, well within what
/// a message may hold.
const HISTORY_BYTES: usize = 8 << 20;

/// One task in full.
pub(crate) async fn task<B: Backend>(
    backend: &B,
    request: v1::GetTaskRequest,
) -> Result<v1::GetTaskResponse, Status> {
    let id = TaskId::new(request.id).map_err(|e| from_invalid(&e))?;
    let task = backend.get(id).await.map_err(|e| refuse(&e))?;
    Ok(v1::GetTaskResponse { task: Some(task.into()) })
}

/// One page of tasks.
pub(crate) async fn list<B: Backend>(
    backend: &B,
    request: v1::ListTasksRequest,
) -> Result<v1::ListTasksResponse, Status> {
    let filter = from_wire::filter(request.filter.unwrap_or_default()).map_err(|e| from_invalid(&e))?;
    let page = from_wire::page(request.page_size, request.page_number, &request.page_token)
        .map_err(|e| from_invalid(&e))?;
    let page = backend.list(&filter, page).await.map_err(|e| refuse(&e))?;
    Ok(v1::ListTasksResponse {
        tasks: page.tasks.into_iter().map(Into::into).collect(),
        next_page_token: page.next.map(|c| c.to_string()).unwrap_or_default(),
    })
}

/// A task's changes.
pub(crate) async fn history<B: Backend>(
    backend: &B,
    request: v1::GetTaskHistoryRequest,
) -> Result<v1::GetTaskHistoryResponse, Status> {
    let id = TaskId::new(request.task_id).map_err(|e| from_invalid(&Invalid::new("task_id", e.problem)))?;
    let after = match request.after_version {
        0 => None,
        1.. => Some(Version(request.after_version)),
        _ => return Err(from_invalid(&Invalid::new("after_version", "must not be negative"))),
    };
    let limit = match request.limit {
        0 => HISTORY,
        given @ 1..=HISTORY => given,
        given => {
            let problem = format!("must be from 1 to {HISTORY}, not {given}");
            return Err(from_invalid(&Invalid::new("limit", problem)));
        }
    };
    let entries = backend.history(id, after, limit).await.map_err(|e| refuse(&e))?;
    Ok(v1::GetTaskHistoryResponse { entries: within(HISTORY_BYTES, entries) })
}

/// As many entries as fit, but one at least; the caller asks on from the last one.
fn within(bytes: usize, entries: Vec<HistoryEntry>) -> Vec<v1::HistoryEntry> {
    let mut size = 0;
    let fits = |entry: &HistoryEntry| {
        let first = size == 0;
        size += crate::watch::size_of(entry) + entry.result.as_ref().map_or(0, |r| r.as_str().len());
        first || size <= bytes
    };
    entries.into_iter().take_while(fits).map(Into::into).collect()
}

/// How many tasks stand where.
pub(crate) async fn counts<B: Backend>(
    backend: &B,
    request: v1::GetStatusCountsRequest,
) -> Result<v1::GetStatusCountsResponse, Status> {
    let kinds = from_wire::kinds(request.types).map_err(|e| from_invalid(&e))?;
    let counts = backend.counts(&kinds).await.map_err(|e| refuse(&e))?;
    Ok(told(&counts))
}

fn told(counts: &Counts) -> v1::GetStatusCountsResponse {
    let mut all: BTreeMap<TaskStatus, u64> = TaskStatus::ALL.into_iter().map(|s| (s, 0)).collect();
    let mut types = Vec::with_capacity(counts.len());
    for (kind, statuses) in counts {
        let there: Vec<_> = statuses.iter().filter(|(_, count)| **count > 0).map(|(s, n)| (*s, *n)).collect();
        for (status, count) in &there {
            *all.entry(*status).or_default() += count;
        }
        if !there.is_empty() {
            let counts = there.into_iter().map(count).collect();
            types.push(v1::TypeCounts { r#type: kind.to_string(), counts });
        }
    }
    v1::GetStatusCountsResponse { counts: all.into_iter().map(count).collect(), types }
}

fn count((status, count): (TaskStatus, u64)) -> v1::StatusCount {
    v1::StatusCount { status: v1::Status::from(status).into(), count }
}

/// The live workers.
pub(crate) async fn workers<B: Backend>(
    backend: &B,
    request: v1::ListWorkersRequest,
) -> Result<v1::ListWorkersResponse, Status> {
    let back = request.load_window.map(|span| from_wire::duration("load_window", span)).transpose();
    let back = back.map_err(|e| from_invalid(&e))?.filter(|back| !back.is_zero());
    if back > Some(LOAD) {
        return Err(from_invalid(&Invalid::new("load_window", "must not be longer than 24 hours")));
    }
    let workers = backend.workers().await.map_err(|e| refuse(&e))?;
    let mut load = BTreeMap::new();
    if let Some(back) = back {
        let ids: Vec<_> = workers.iter().map(|worker| worker.id).collect();
        let since = Timestamp::now().checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH);
        load = backend.load(since, &ids).await.map_err(|e| refuse(&e))?;
    }
    let told = |worker: WorkerRecord| {
        let load = load.remove(&worker.id).unwrap_or_default();
        v1::Worker { load: load.into_iter().map(Into::into).collect(), ..worker.into() }
    };
    Ok(v1::ListWorkersResponse { workers: workers.into_iter().map(told).collect() })
}
