//! Where the service meets its store: small async traits, so that a worker's source of work can be
//! a database today and a stream from a server tomorrow, and so that stages can be tested alone.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use futures::Stream;

use jiff::Timestamp;

use crate::{
    Claimed, Created, ErrorGroup, Filter, Head, HistoryEntry, Invalid, Kind, KindInfo, Load, Losses, NewTask,
    Page, PageRequest, Queue, Settled, Stats, Status, Task, TaskId, TaskSummary, Verdict, Version, Window,
    WorkerId, WorkerRecord,
};

/// Why a port could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request itself is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No task has this id.
    #[error("there is no task {0}")]
    NotFound(TaskId),
    /// The task stands where this is not allowed.
    #[error("task {id} is {status}; {hint}")]
    Refused {
        /// The task.
        id: TaskId,
        /// Where it stands.
        status: Status,
        /// What would be allowed.
        hint: &'static str,
    },
    /// The idempotency key belongs to a task that was asked for differently.
    #[error("idempotency_key `{key}` was used before for a different task ({id}); use a new key")]
    KeyReused {
        /// The key.
        key: String,
        /// The task that it made.
        id: TaskId,
    },
    /// The worker's own lease is gone: it must register anew.
    #[error("this worker's lease is lost")]
    LeaseLost,
    /// The worker's own lease has run out, and nobody has taken its tasks yet: it must renew it first.
    #[error("this worker's lease has run out; it must be renewed first")]
    LeaseRanOut,
    /// The store cannot be reached or cannot take more now; the same call may pass later.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store cannot hold one of the values given; the others of its batch are fine.
    #[error("the database cannot store a value")]
    Unstorable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something is wrong that waiting does not mend.
    #[error("the database refused a statement")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Whether the same call may pass later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// The answer of a port.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Takes tasks in.
pub trait Submit: Send + Sync + 'static {
    /// Stores tasks, one answer each in their order, given after the commit. One that is refused
    /// does not spoil the others.
    fn submit(&self, tasks: Vec<NewTask>) -> impl Future<Output = Vec<Result<Created>>> + Send;
}

/// Hands out work.
pub trait Claim: Send + 'static {
    /// Leases up to `limit` waiting tasks that this worker can run, by priority, then age.
    /// Fewer means that there was no more just now.
    fn claim(&mut self, limit: usize) -> impl Future<Output = Result<Vec<Claimed>>> + Send;

    /// Leases the task at `spot`, unless it is not there any more or this worker cannot run it. As little as that need
    /// be found, and as much as [`Self::claim`] finds may be.
    fn claim_at(&mut self, spot: Spot, limit: usize) -> impl Future<Output = Result<Vec<Claimed>>> + Send {
        let _ = spot;
        self.claim(limit)
    }
}

/// Takes back what came of work.
pub trait Record: Send + 'static {
    /// Writes decisions and history in one fenced statement, and gives one verdict each in their
    /// order. The same decisions again, after an answer that was lost, change nothing.
    fn record(&mut self, batch: &[Settled]) -> impl Future<Output = Result<Vec<Verdict>>> + Send;
}

/// Answers questions about tasks and workers.
pub trait Read: Send + Sync + 'static {
    /// One task in full.
    fn get(&self, id: TaskId) -> impl Future<Output = Result<Task>> + Send;

    /// What a list shows of these tasks; unknown ids are left out.
    fn summaries(&self, ids: &[TaskId]) -> impl Future<Output = Result<Vec<TaskSummary>>> + Send;

    /// One page of tasks, newest first.
    fn list(&self, filter: &Filter, page: PageRequest) -> impl Future<Output = Result<Page>> + Send;

    /// A task's changes after `after`, oldest first, at most `limit`.
    fn history(
        &self,
        id: TaskId,
        after: Option<Version>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<HistoryEntry>>> + Send;

    /// The changes of several tasks, each after the version given, in the order of task and
    /// version, at most `limit` for each cursor; results are left out. Unknown ids are left out.
    fn changes_since(
        &self,
        cursors: &[(TaskId, Version)],
        limit: u32,
    ) -> impl Future<Output = Result<Vec<HistoryEntry>>> + Send;

    /// How many tasks stand where, per type, of the types given (all, where empty). Exact.
    fn counts(&self, kinds: &[Kind]) -> impl Future<Output = Result<Counts>> + Send;

    /// The live workers, oldest first.
    fn workers(&self) -> impl Future<Output = Result<Vec<WorkerRecord>>> + Send;
}

/// How many tasks stand where, per type.
pub type Counts = BTreeMap<Kind, BTreeMap<Status, u64>>;

/// Does what an operator asks for.
pub trait Operate: Send + Sync + 'static {
    /// Cancels a task that has not ended.
    fn cancel(&self, id: TaskId, reason: Option<&str>) -> impl Future<Output = Result<TaskSummary>> + Send;

    /// Has an ended task run again, with all its retries.
    fn retry(&self, id: TaskId, reason: Option<&str>) -> impl Future<Output = Result<TaskSummary>> + Send;

    /// Cancels those of these tasks that have not ended; which they were. One that moves meanwhile may
    /// be left out.
    fn cancel_all(
        &self,
        ids: &[TaskId],
        reason: Option<&str>,
    ) -> impl Future<Output = Result<Vec<TaskId>>> + Send;

    /// Has those of these tasks that have ended run again; which they were.
    fn retry_all(
        &self,
        ids: &[TaskId],
        reason: Option<&str>,
    ) -> impl Future<Output = Result<Vec<TaskId>>> + Send;
}

/// Looks at the whole: what happened over time, how types and workers fare. Nothing here reads tasks one
/// by one, so all of it costs the same however many there are.
pub trait Survey: Send + Sync + 'static {
    /// What happened over a window to tasks of these types and queues (all, where empty).
    fn stats(
        &self,
        window: Window,
        kinds: &[Kind],
        queues: &[Queue],
    ) -> impl Future<Output = Result<Stats>> + Send;

    /// The errors since then of these types (all, where empty), grouped, the most frequent first. Told
    /// of about a minute after they were recorded.
    fn errors(
        &self,
        since: Timestamp,
        kinds: &[Kind],
        limit: u32,
    ) -> impl Future<Output = Result<Vec<ErrorGroup>>> + Send;

    /// The types that plugins have told of, and those of the tasks there are, by name.
    fn kinds(&self) -> impl Future<Output = Result<Vec<KindInfo>>> + Send;

    /// Of each lane, the task that has been in line longest.
    fn heads(&self) -> impl Future<Output = Result<Vec<Head>>> + Send;

    /// The slots of these workers in use since then, by minute.
    fn load(
        &self,
        since: Timestamp,
        workers: &[WorkerId],
    ) -> impl Future<Output = Result<BTreeMap<WorkerId, Vec<Load>>>> + Send;

    /// What was lost in a span up to now.
    fn losses(&self, within: Duration) -> impl Future<Output = Result<Losses>> + Send;
}

/// Tells which tasks change, as it happens.
pub trait Follow: Send + Sync + 'static {
    /// Every change from now on, in the order of versions per task. Never ends; after any doubt
    /// (the connection was lost, a gap could not be closed) it yields [`Feed::Lost`] and goes on.
    fn follow(&self) -> impl Stream<Item = Feed> + Send + 'static;
}

/// What a feed yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed {
    /// The feed is in place: every change committed after this is told.
    Live,
    /// Tasks changed.
    Changes(Vec<Change>),
    /// Changes may have been missed: look again at whatever you follow.
    Lost {
        /// Why, for people.
        reason: String,
    },
}

/// A task changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The task.
    pub task: TaskId,
    /// The change's number.
    pub version: Version,
    /// The status it led to.
    pub status: Status,
}

/// Something that brings a claim forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeUp {
    /// Somebody says that there is work.
    Notified,
    /// Somebody says that one task waits here, and of nothing else.
    Single(Spot),
    /// It is time to look anyway.
    Poll,
    /// A task that had to wait is due.
    Due,
}

/// Where a task waits, as a hint has it: it need not be true, nor be so any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The number of its lane.
    pub lane: i32,
    /// Its place in line, with its id, by the database's clock.
    pub at: Timestamp,
    /// The task.
    pub task: TaskId,
}

/// Keeps a worker's leases alive.
pub trait Renew: Send + 'static {
    /// Extends this worker's lease, tells how many slots are busy, and returns those of the given
    /// leases that are no longer held.
    fn renew(
        &mut self,
        held: &[crate::Lease],
        busy: u32,
        draining: bool,
    ) -> impl Future<Output = Result<Vec<crate::Lease>>> + Send;

    /// How long a lease lasts from its renewal.
    fn lease_time(&self) -> Duration;
}
