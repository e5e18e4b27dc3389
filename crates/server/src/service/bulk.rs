//! Actions on all tasks that meet a filter, page by page; and how many those are.

use futures::stream::{self, BoxStream, StreamExt};
use jiff::Timestamp;
use task_domain::ports::Result;
use task_domain::{Cursor, Filter, Invalid, PageRequest, Status as TaskStatus, TaskId};
use task_proto::status::from_invalid;
use task_proto::{from_wire, v1};
use tonic::Status;

use super::refuse;
use crate::Backend;

/// Tasks in one statement.
const BATCH: u32 = 500;
/// Where counting one by one stops.
const COUNTED: u64 = 10_000;
/// Pages looked at until then; a page of a search may be empty.
const PAGES: u32 = 20;

/// What is done to the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Cancel,
    Retry,
}

impl Act {
    /// The statuses that are meant where none is given.
    fn statuses(self) -> Vec<TaskStatus> {
        match self {
            Self::Cancel => vec![TaskStatus::Pending, TaskStatus::Running, TaskStatus::Retrying],
            Self::Retry => vec![TaskStatus::Failed],
        }
    }

    /// Whether it may be done to a task of this status.
    fn is_for(self, status: TaskStatus) -> bool {
        status.is_terminal() == (self == Self::Retry)
    }
}

/// Cancels them.
pub(crate) fn cancel<B: Backend>(
    backend: B,
    request: v1::CancelTasksRequest,
) -> Result<BoxStream<'static, Result<v1::CancelTasksResponse, Status>>, Status> {
    let progress = act(backend, Act::Cancel, request.filter, request.reason)?;
    Ok(progress.map(|p| p.map(|p| v1::CancelTasksResponse { progress: Some(p) })).boxed())
}

/// Has them run again.
pub(crate) fn retry<B: Backend>(
    backend: B,
    request: v1::RetryTasksRequest,
) -> Result<BoxStream<'static, Result<v1::RetryTasksResponse, Status>>, Status> {
    let progress = act(backend, Act::Retry, request.filter, request.reason)?;
    Ok(progress.map(|p| p.map(|p| v1::RetryTasksResponse { progress: Some(p) })).boxed())
}

/// A walk over the tasks that meet a filter.
struct Walk<B> {
    backend: B,
    act: Act,
    filter: Filter,
    reason: Option<String>,
    after: Option<Cursor>,
    progress: v1::BulkProgress,
}

fn act<B: Backend>(
    backend: B,
    act: Act,
    filter: Option<v1::TaskFilter>,
    reason: String,
) -> Result<BoxStream<'static, Result<v1::BulkProgress, Status>>, Status> {
    let check = || {
        let mut filter = from_wire::filter(filter.unwrap_or_default())?;
        if filter.statuses.is_empty() {
            filter.statuses = act.statuses();
        } else if let Some(wrong) = filter.statuses.iter().find(|s| !act.is_for(**s)) {
            let hint = match act {
                Act::Cancel => "only tasks that have not ended can be cancelled",
                Act::Retry => "only tasks that have ended can be retried by hand",
            };
            return Err(Invalid::new("filter.statuses", format!("has {wrong}; {hint}")));
        }
        // What comes after the call is another's.
        let now = Timestamp::now();
        filter.created_until = Some(filter.created_until.map_or(now, |until| until.min(now)));
        Ok((filter, from_wire::reason(reason)?))
    };
    let (filter, reason) = check().map_err(|e: Invalid| from_invalid(&e))?;
    let walk = Walk { backend, act, filter, reason, after: None, progress: v1::BulkProgress::default() };
    Ok(stream::unfold(Some(walk), |walk| async move {
        let mut walk = walk?;
        match walk.step().await {
            Ok(()) => {
                let progress = walk.progress;
                Some((Ok(progress), (!progress.done).then_some(walk)))
            }
            Err(error) => Some((Err(refuse(&error)), None)),
        }
    })
    .boxed())
}

impl<B: Backend> Walk<B> {
    async fn step(&mut self) -> Result<()> {
        let page = match self.after {
            Some(cursor) => PageRequest::after(cursor, BATCH)?,
            None => PageRequest::number(1, BATCH)?,
        };
        let page = self.backend.list(&self.filter, page).await?;
        let ids: Vec<TaskId> = page.tasks.iter().map(|task| task.id).collect();
        let changed = match self.act {
            _ if ids.is_empty() => Vec::new(),
            Act::Cancel => self.backend.cancel_all(&ids, self.reason.as_deref()).await?,
            Act::Retry => self.backend.retry_all(&ids, self.reason.as_deref()).await?,
        };
        self.progress.matched += ids.len() as u64;
        self.progress.changed += changed.len() as u64;
        self.progress.done = page.next.is_none();
        self.after = page.next;
        Ok(())
    }
}

/// How many tasks meet a filter.
pub(crate) async fn count<B: Backend>(
    backend: &B,
    request: v1::CountTasksRequest,
) -> Result<v1::CountTasksResponse, Status> {
    let filter = from_wire::filter(request.filter.unwrap_or_default()).map_err(|e| from_invalid(&e))?;
    counted(backend, &filter).await.map_err(|e| refuse(&e))
}

async fn counted<B: Backend>(backend: &B, filter: &Filter) -> Result<v1::CountTasksResponse> {
    if is_counted(filter) {
        let counts = backend.counts(&filter.kinds).await?;
        let wanted = |status: &TaskStatus| filter.statuses.is_empty() || filter.statuses.contains(status);
        let count = counts.values().flatten().filter(|(status, _)| wanted(status)).map(|(_, n)| n).sum();
        return Ok(v1::CountTasksResponse { count, more: false });
    }
    let (mut count, mut page) = (0, PageRequest::number(1, 1_000)?);
    for _ in 0..PAGES {
        let found = backend.list(filter, page).await?;
        count += found.tasks.len() as u64;
        let Some(next) = found.next else { return Ok(v1::CountTasksResponse { count, more: false }) };
        page = PageRequest::after(next, 1_000)?;
        if count >= COUNTED {
            break;
        }
    }
    Ok(v1::CountTasksResponse { count, more: true })
}

/// Whether the counts that are kept answer it.
fn is_counted(filter: &Filter) -> bool {
    let kept = Filter { statuses: filter.statuses.clone(), kinds: filter.kinds.clone(), ..Filter::default() };
    *filter == kept
}
