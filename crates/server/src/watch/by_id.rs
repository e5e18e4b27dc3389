//! A watch of named tasks: every change after the cursor, in order, each once, the last one always.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use task_domain::ports::Error;
use task_domain::{HistoryEntry, TaskId, TaskSummary, Version};
use tokio::sync::Notify;
use tokio::time::{Instant, Interval};
use tonic::Status;

use super::hub::{Hub, Seat, heartbeat};
use super::message::{self, Told};
use crate::Backend;
use crate::metrics::WATCH_CHANGES;
use crate::service::refuse;

/// Most tasks read on at a time.
const TASKS_AT_A_TIME: usize = 64;
/// Most bytes of changes held for a watch that reads slowly; the rest stays in the store.
const BYTES_HELD: usize = 64 << 10;

/// How far a watch has read each of its tasks, and of which there is more.
pub(crate) struct Places {
    inner: Mutex<Inner>,
    more: Notify,
}

struct Inner {
    cursors: HashMap<TaskId, Version>,
    dirty: BTreeSet<TaskId>,
}

impl Places {
    pub(super) fn new(cursors: &[(TaskId, Version)]) -> Self {
        let inner = Inner { cursors: cursors.iter().copied().collect(), dirty: BTreeSet::new() };
        Self { inner: Mutex::new(inner), more: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a task has come to a version.
    pub(crate) fn mark(&self, task: TaskId, version: Version) {
        let mut inner = self.lock();
        let Inner { cursors, dirty } = &mut *inner;
        if cursors.get(&task).is_some_and(|seen| *seen < version) && dirty.insert(task) {
            self.more.notify_one();
        }
    }

    /// Notes that a task may have come further.
    pub(crate) fn doubt(&self, task: TaskId) {
        if self.lock().dirty.insert(task) {
            self.more.notify_one();
        }
    }

    fn is_clean(&self) -> bool {
        self.lock().dirty.is_empty()
    }

    /// Takes some of the tasks of which there is more, with how far they have been read.
    pub(super) fn take_dirty(&self) -> Vec<(TaskId, Version)> {
        let mut inner = self.lock();
        let mut taken = Vec::new();
        while taken.len() < TASKS_AT_A_TIME
            && let Some(task) = inner.dirty.pop_first()
        {
            taken.extend(inner.cursors.get(&task).map(|seen| (task, *seen)));
        }
        taken
    }

    /// Takes entries over as read, in their order, as far as they fit. What does not stays dirty.
    pub(super) fn accept(&self, entries: Vec<HistoryEntry>) -> VecDeque<HistoryEntry> {
        let mut inner = self.lock();
        let Inner { cursors, dirty } = &mut *inner;
        let mut bytes = 0;
        let mut accepted = VecDeque::new();
        for entry in entries {
            let Some(seen) = cursors.get_mut(&entry.task) else { continue };
            if entry.version <= *seen {
                continue;
            }
            if bytes >= BYTES_HELD {
                dirty.insert(entry.task);
                continue;
            }
            bytes += message::size_of(&entry);
            *seen = entry.version;
            accepted.push_back(entry);
        }
        accepted
    }
}

/// An open watch of named tasks.
pub(crate) struct Watch<B: Backend> {
    hub: Arc<Hub<B>>,
    places: Arc<Places>,
    tasks: HashMap<TaskId, TaskSummary>,
    /// Those whose last change shown was not a final one.
    open: HashSet<TaskId>,
    pending: VecDeque<HistoryEntry>,
    greeted: bool,
    ended: bool,
    heartbeat: Interval,
    /// How often reading has failed in a row, and when to try again.
    failures: u32,
    retry_at: Option<Instant>,
    _seat: Seat,
}

impl<B: Backend> Watch<B> {
    /// Opens a watch: from here on it misses nothing.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown task, `UNAVAILABLE` while the store is away.
    pub(crate) async fn open(
        hub: Arc<Hub<B>>,
        cursors: Vec<(TaskId, Version)>,
        seat: Seat,
    ) -> Result<Self, Status> {
        let places = Arc::new(Places::new(&cursors));
        hub.registry.join_by_id(cursors.iter().map(|(id, _)| *id), &places);
        // From here on its drop takes it out of the registry again, whatever happens.
        let mut watch = Self {
            heartbeat: heartbeat(),
            hub,
            places,
            tasks: HashMap::with_capacity(cursors.len()),
            open: HashSet::new(),
            pending: VecDeque::new(),
            greeted: false,
            ended: false,
            failures: 0,
            retry_at: None,
            _seat: seat,
        };
        // First the feed, then a look: what comes between is told twice and read once.
        watch.hub.in_place().await?;
        let ids = cursors.iter().map(|(id, _)| *id).collect();
        let found = watch.hub.lookup.summaries(ids).await.map_err(|e| refuse(&e))?;
        watch.tasks = found.into_iter().map(|task| (task.id, task)).collect();
        for (id, seen) in cursors {
            let task = watch.tasks.get(&id).ok_or_else(|| refuse(&Error::NotFound(id)))?;
            if task.version > seen {
                watch.places.doubt(id);
            }
            if task.version > seen || !task.status.is_terminal() {
                watch.open.insert(id);
            }
        }
        Ok(watch)
    }

    /// The next message; none once all tasks have ended.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        if self.ended {
            return None;
        }
        if !self.greeted {
            self.greeted = true;
            return Some(Ok(message::heartbeat()));
        }
        loop {
            if let Some(entry) = self.pending.pop_front() {
                return Some(Ok(self.told(entry)));
            }
            if self.hub.stopping.is_cancelled() {
                return Some(self.end(message::stopping()));
            }
            if self.open.is_empty() && self.places.is_clean() {
                return None;
            }
            if self.retry_at.is_none() {
                match self.read_on().await {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(status) => return Some(self.end(status)),
                }
            }
            tokio::select! {
                biased;
                () = self.hub.stopping.cancelled() => {}
                () = until(self.retry_at) => self.retry_at = None,
                () = self.places.more.notified() => {}
                _ = self.heartbeat.tick() => return Some(Ok(message::heartbeat())),
            }
        }
    }

    /// Reads what there is more of, and says whether anything was.
    async fn read_on(&mut self) -> Result<bool, Status> {
        let dirty = self.places.take_dirty();
        if dirty.is_empty() {
            return Ok(false);
        }
        match self.hub.lookup.changes(dirty.clone()).await {
            Ok(changes) => {
                self.failures = 0;
                self.pending = self.places.accept(changes.entries);
                for task in changes.cut {
                    self.places.doubt(task);
                }
                Ok(true)
            }
            Err(error) if error.is_retryable() => {
                for (task, _) in dirty {
                    self.places.doubt(task);
                }
                // Full jitter: thousands of watches must not come back in the same moment.
                let longest = Duration::from_millis(200 << self.failures.min(4));
                self.failures += 1;
                self.retry_at = Some(Instant::now() + longest.mul_f64(rand::random_range(0.0..=1.0)));
                Ok(false)
            }
            Err(error) => Err(refuse(&error)),
        }
    }

    fn told(&mut self, entry: HistoryEntry) -> task_proto::v1::WatchTasksResponse {
        if entry.status.is_terminal() {
            self.open.remove(&entry.task);
        } else {
            self.open.insert(entry.task);
        }
        metrics::counter!(WATCH_CHANGES).increment(1);
        self.heartbeat.reset();
        // Only entries of tasks with a place are accepted, and each of those was found.
        let task = &self.tasks[&entry.task];
        message::change(message::task_change(entry, task))
    }

    fn end(&mut self, status: Status) -> Told {
        self.ended = true;
        Err(status)
    }
}

impl<B: Backend> Drop for Watch<B> {
    fn drop(&mut self) {
        let tasks: Vec<TaskId> = self.places.lock().cursors.keys().copied().collect();
        self.hub.registry.leave_by_id(tasks.into_iter(), &self.places);
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
