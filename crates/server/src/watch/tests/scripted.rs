//! A store whose feed says what the test wants, and counts who listens.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::Stream;
use jiff::Timestamp;
use task_domain::ports::{Counts, Error, Feed, Follow, Operate, Read, Result, Submit, Survey};
use task_domain::{
    Created, ErrorGroup, Filter, Head, HistoryEntry, Kind, KindInfo, Lane, Load, Losses, Name, NewTask, Page,
    PageRequest, Priority, Queue, Retries, Stats, Status, Task, TaskId, TaskSummary, Version, Window,
    WorkerId, WorkerRecord,
};
use tokio::sync::mpsc;

use crate::{Backend, Pace};

pub(super) fn entry(task: i64, version: i32, status: Status) -> HistoryEntry {
    HistoryEntry {
        task: TaskId::new(task).unwrap(),
        version: Version(version),
        status,
        attempt: 0,
        worker: None,
        worker_name: None,
        at: Timestamp::UNIX_EPOCH,
        run_at: None,
        details: None,
        result: None,
    }
}

pub(super) fn summary(task: i64) -> TaskSummary {
    let lane = Lane { queue: Queue::default(), kind: Kind::new("t").unwrap(), priority: Priority::default() };
    TaskSummary {
        id: TaskId::new(task).unwrap(),
        name: Name::new("a task").unwrap(),
        lane,
        status: Status::Pending,
        version: Version(0),
        attempt: 0,
        retries: Retries::default(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        run_at: None,
        worker: None,
    }
}

/// The store. Knows only what a watch asks for.
#[derive(Clone, Default)]
pub(super) struct Scripted(Arc<Inner>);

#[derive(Default)]
struct Inner {
    history: Mutex<Vec<HistoryEntry>>,
    feed: Mutex<Option<mpsc::Sender<Feed>>>,
    subscriptions: AtomicUsize,
    /// Changes in the longest answer.
    longest: AtomicUsize,
    reads: AtomicUsize,
}

impl Scripted {
    /// Adds changes that only a read finds.
    pub(super) fn add(&self, entries: impl IntoIterator<Item = HistoryEntry>) {
        self.0.history.lock().unwrap().extend(entries);
    }

    /// Has the feed say something.
    pub(super) async fn say(&self, feed: Feed) {
        let sender = self.0.feed.lock().unwrap().clone().expect("somebody follows");
        sender.send(feed).await.unwrap();
    }

    /// Ends the feed.
    pub(super) fn hang_up(&self) {
        self.0.feed.lock().unwrap().take();
    }

    /// Whether anybody listens.
    pub(super) fn is_followed(&self) -> bool {
        self.0.feed.lock().unwrap().as_ref().is_some_and(|feed| !feed.is_closed())
    }

    pub(super) fn subscriptions(&self) -> usize {
        self.0.subscriptions.load(Ordering::SeqCst)
    }

    /// How many changes the longest answer had.
    pub(super) fn longest(&self) -> usize {
        self.0.longest.load(Ordering::SeqCst)
    }

    /// How often changes were read.
    pub(super) fn reads(&self) -> usize {
        self.0.reads.load(Ordering::SeqCst)
    }
}

impl Follow for Scripted {
    fn follow(&self) -> impl Stream<Item = Feed> + Send + 'static {
        let (sender, mut receiver) = mpsc::channel(16);
        sender.try_send(Feed::Live).unwrap();
        self.0.subscriptions.fetch_add(1, Ordering::SeqCst);
        *self.0.feed.lock().unwrap() = Some(sender);
        futures::stream::poll_fn(move |cx| receiver.poll_recv(cx))
    }
}

/// What no watch does.
fn beyond() -> Error {
    Error::Internal("a watch has no need of this".into())
}

impl Read for Scripted {
    async fn get(&self, _: TaskId) -> Result<Task> {
        Err(beyond())
    }

    async fn summaries(&self, ids: &[TaskId]) -> Result<Vec<TaskSummary>> {
        let history = self.0.history.lock().unwrap();
        let newest = |id: &TaskId| history.iter().filter(|e| e.task == *id).max_by_key(|e| e.version);
        let found = ids.iter().filter_map(newest);
        let told =
            |e: &HistoryEntry| TaskSummary { status: e.status, version: e.version, ..summary(e.task.get()) };
        Ok(found.map(told).collect())
    }

    async fn list(&self, _: &Filter, _: PageRequest) -> Result<Page> {
        Err(beyond())
    }

    async fn history(&self, _: TaskId, _: Option<Version>, _: u32) -> Result<Vec<HistoryEntry>> {
        Err(beyond())
    }

    async fn changes_since(&self, cursors: &[(TaskId, Version)], limit: u32) -> Result<Vec<HistoryEntry>> {
        self.0.reads.fetch_add(1, Ordering::SeqCst);
        // Lets others ask meanwhile, as a database would.
        tokio::task::yield_now().await;
        let history = self.0.history.lock().unwrap();
        let limit = usize::try_from(limit).unwrap();
        let mut found = Vec::new();
        for (id, seen) in cursors {
            let mut of: Vec<_> = history.iter().filter(|e| e.task == *id && e.version > *seen).collect();
            of.sort_by_key(|e| e.version);
            found.extend(of.into_iter().take(limit).cloned());
        }
        found.sort_by_key(|e| (e.task, e.version));
        self.0.longest.fetch_max(found.len(), Ordering::SeqCst);
        Ok(found)
    }

    async fn counts(&self, _: &[Kind]) -> Result<Counts> {
        Err(beyond())
    }

    async fn workers(&self) -> Result<Vec<WorkerRecord>> {
        Err(beyond())
    }
}

impl Submit for Scripted {
    async fn submit(&self, tasks: Vec<NewTask>) -> Vec<Result<Created>> {
        tasks.iter().map(|_| Err(beyond())).collect()
    }
}

impl Operate for Scripted {
    async fn cancel(&self, _: TaskId, _: Option<&str>) -> Result<TaskSummary> {
        Err(beyond())
    }

    async fn retry(&self, _: TaskId, _: Option<&str>) -> Result<TaskSummary> {
        Err(beyond())
    }

    async fn cancel_all(&self, _: &[TaskId], _: Option<&str>) -> Result<Vec<TaskId>> {
        Err(beyond())
    }

    async fn retry_all(&self, _: &[TaskId], _: Option<&str>) -> Result<Vec<TaskId>> {
        Err(beyond())
    }
}

impl Survey for Scripted {
    async fn stats(&self, _: Window, _: &[Kind], _: &[Queue]) -> Result<Stats> {
        Err(beyond())
    }

    async fn errors(&self, _: Timestamp, _: &[Kind], _: u32) -> Result<Vec<ErrorGroup>> {
        Err(beyond())
    }

    async fn kinds(&self) -> Result<Vec<KindInfo>> {
        Err(beyond())
    }

    async fn heads(&self) -> Result<Vec<Head>> {
        Err(beyond())
    }

    async fn load(&self, _: Timestamp, _: &[WorkerId]) -> Result<BTreeMap<WorkerId, Vec<Load>>> {
        Err(beyond())
    }

    async fn losses(&self, _: Duration) -> Result<Losses> {
        Err(beyond())
    }
}

impl Backend for Scripted {
    async fn prepare(&self, _: bool) -> Result<()> {
        Ok(())
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }

    async fn maintain(&self) -> Result<Pace> {
        Ok(Pace::Calm)
    }

    async fn look_for_the_gone(&self) -> Result<Pace> {
        Ok(Pace::Calm)
    }
}
