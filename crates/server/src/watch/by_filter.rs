//! A watch by filter: changes as they come; where some had to be left out, it says so.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prost::Message;
use task_domain::seeded::bug;
use task_domain::{Filter, Status as TaskStatus, TaskSummary};
use task_proto::v1;
use tokio::sync::Notify;
use tokio::time::Interval;
use tonic::Status;

use super::hub::{Hub, Seat, heartbeat};
use super::message::{self, Told};
use crate::Backend;
use crate::metrics::{WATCH_CHANGES, WATCH_RESYNCS};

/// Most bytes of changes held for a watch that reads slowly.
const BYTES_HELD: usize = 64 << 10;

/// Where a watch's changes wait for it.
pub(crate) struct Slot {
    filter: Filter,
    queue: Mutex<Queue>,
    more: Notify,
}

#[derive(Default)]
struct Queue {
    changes: VecDeque<Arc<v1::TaskChange>>,
    bytes: usize,
    /// Set while changes are left out: those that were queued before it are shown first.
    gap: Option<Gap>,
}

struct Gap {
    /// None, where nobody knows how many.
    missed: Option<u64>,
    reason: Box<str>,
}

impl Slot {
    pub(super) fn new(filter: Filter) -> Self {
        Self { filter, queue: Mutex::default(), more: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a change to this status may be wanted; no more can be said without reading.
    pub(crate) fn may_want(&self, status: TaskStatus) -> bool {
        self.filter.statuses.is_empty() || self.filter.statuses.contains(&status)
    }

    /// Whether a change is wanted. The filter's statuses mean what the change leads to.
    pub(crate) fn wants(&self, status: TaskStatus, task: &TaskSummary) -> bool {
        self.may_want(status) && self.filter.matches_but_status(task)
    }

    /// Whether its filter asks about nothing but the status, so that it can be judged unread.
    fn is_by_status_alone(&self) -> bool {
        let others = Filter { statuses: Vec::new(), ..self.filter.clone() };
        others == Filter::default()
    }

    /// Queues a change; where there is no room it is left out and counted.
    pub(crate) fn offer(&self, change: &Arc<v1::TaskChange>) {
        let mut queue = self.lock();
        if let Some(gap) = &mut queue.gap {
            gap.missed = gap.missed.map(|n| n + 1);
            return;
        }
        // The message and its texts once more as text: a fair guess at what it takes in memory.
        let bytes = size_of::<v1::TaskChange>() + change.encoded_len();
        if queue.bytes + bytes > BYTES_HELD && !bug("unbounded-watch") {
            queue.gap = Some(Gap { missed: Some(1), reason: "this watch reads too slowly".into() });
        } else {
            queue.bytes += bytes;
            queue.changes.push_back(Arc::clone(change));
        }
        drop(queue);
        self.more.notify_one();
    }

    /// Notes that changes to these statuses were left out unread.
    pub(crate) fn miss_unread(&self, statuses: impl Iterator<Item = TaskStatus>, reason: &str) {
        let missed = statuses.filter(|s| self.may_want(*s)).count() as u64;
        if missed > 0 {
            self.miss(self.is_by_status_alone().then_some(missed), reason);
        }
    }

    /// Notes that changes were left out, and how many where that is known.
    pub(crate) fn miss(&self, missed: Option<u64>, reason: &str) {
        let mut queue = self.lock();
        match &mut queue.gap {
            Some(gap) => gap.missed = gap.missed.zip(missed).map(|(a, b)| a + b),
            None => queue.gap = Some(Gap { missed, reason: reason.into() }),
        }
        drop(queue);
        self.more.notify_one();
    }

    /// What comes next, if there is anything.
    pub(super) fn take(&self) -> Option<v1::WatchTasksResponse> {
        let mut queue = self.lock();
        if let Some(change) = queue.changes.pop_front() {
            if queue.changes.is_empty() {
                queue.bytes = 0;
            } else {
                queue.bytes -= size_of::<v1::TaskChange>() + change.encoded_len();
            }
            drop(queue);
            metrics::counter!(WATCH_CHANGES).increment(1);
            return Some(message::change(Arc::unwrap_or_clone(change)));
        }
        let gap = queue.gap.take()?;
        metrics::counter!(WATCH_RESYNCS).increment(1);
        Some(message::resync(gap.missed.unwrap_or(0), &gap.reason))
    }
}

/// An open watch by filter.
pub(crate) struct Watch<B: Backend> {
    hub: Arc<Hub<B>>,
    slot: Arc<Slot>,
    /// How long changes are gathered before they are sent.
    gather: Duration,
    /// What was gathered and is not sent yet.
    gathered: VecDeque<v1::WatchTasksResponse>,
    greeted: bool,
    ended: bool,
    heartbeat: Interval,
    _seat: Seat,
}

impl<B: Backend> Watch<B> {
    /// Opens a watch: from here on changes are told or a gap is.
    ///
    /// # Errors
    /// `UNAVAILABLE` while the store is away.
    pub(crate) async fn open(
        hub: Arc<Hub<B>>,
        filter: Filter,
        gather: Duration,
        seat: Seat,
    ) -> Result<Self, Status> {
        let slot = Arc::new(Slot::new(filter));
        hub.registry.join_by_filter(&slot);
        // From here on its drop takes it out of the registry again, whatever happens.
        let watch = Self {
            hub,
            slot,
            gather,
            gathered: VecDeque::new(),
            greeted: false,
            ended: false,
            heartbeat: heartbeat(),
            _seat: seat,
        };
        watch.hub.in_place().await?;
        Ok(watch)
    }

    /// The next message. Ends only with the server.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        if self.ended {
            return None;
        }
        if !self.greeted {
            self.greeted = true;
            return Some(Ok(message::heartbeat()));
        }
        loop {
            if self.hub.stopping.is_cancelled() {
                self.ended = true;
                return Some(Err(message::stopping()));
            }
            if let Some(told) = self.gathered.pop_front() {
                self.heartbeat.reset();
                return Some(Ok(told));
            }
            if let Some(first) = self.slot.take() {
                if self.gather.is_zero() {
                    self.heartbeat.reset();
                    return Some(Ok(first));
                }
                tokio::select! {
                    () = self.hub.stopping.cancelled() => continue,
                    () = tokio::time::sleep(self.gather) => {}
                }
                let more = std::iter::from_fn(|| self.slot.take());
                self.gathered = newest(std::iter::once(first).chain(more).collect());
                continue;
            }
            tokio::select! {
                biased;
                () = self.hub.stopping.cancelled() => {}
                () = self.slot.more.notified() => {}
                _ = self.heartbeat.tick() => return Some(Ok(message::heartbeat())),
            }
        }
    }
}

/// Of several changes of a task the newest alone, in the order they came; all else as it is.
fn newest(messages: Vec<v1::WatchTasksResponse>) -> VecDeque<v1::WatchTasksResponse> {
    let task = |told: &v1::WatchTasksResponse| match &told.event {
        Some(v1::watch_tasks_response::Event::Change(change)) => change.entry.as_ref().map(|e| e.task_id),
        _ => None,
    };
    let mut seen = HashSet::new();
    let mut kept: VecDeque<_> = VecDeque::with_capacity(messages.len());
    for told in messages.into_iter().rev() {
        if task(&told).is_none_or(|id| seen.insert(id)) {
            kept.push_front(told);
        }
    }
    kept
}

impl<B: Backend> Drop for Watch<B> {
    fn drop(&mut self) {
        self.hub.registry.leave_by_filter(&self.slot);
    }
}
