//! Who watches what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use task_domain::TaskId;
use task_domain::ports::Change;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::by_filter::Slot;
use super::by_id::Places;

/// Every open watch of this server.
#[derive(Default)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
    arrived: Notify,
}

#[derive(Default)]
struct Inner {
    by_task: HashMap<TaskId, Vec<Arc<Places>>>,
    /// A list that is replaced as a whole, so that it can be handed out without a copy.
    by_filter: Arc<Vec<Arc<Slot>>>,
    /// Since when nobody watches.
    vacant_since: Option<Instant>,
}

impl Inner {
    fn is_vacant(&self) -> bool {
        self.by_task.is_empty() && self.by_filter.is_empty()
    }

    fn left(&mut self) {
        if self.is_vacant() {
            self.vacant_since = Some(Instant::now());
        }
    }
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here is left half done by a panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells `places` of every change of these tasks from now on.
    pub(crate) fn join_by_id(&self, tasks: impl Iterator<Item = TaskId>, places: &Arc<Places>) {
        let mut inner = self.lock();
        for task in tasks {
            inner.by_task.entry(task).or_default().push(Arc::clone(places));
        }
        inner.vacant_since = None;
        drop(inner);
        self.arrived.notify_one();
    }

    /// Ends what [`Self::join_by_id`] began.
    pub(crate) fn leave_by_id(&self, tasks: impl Iterator<Item = TaskId>, places: &Arc<Places>) {
        let mut inner = self.lock();
        for task in tasks {
            if let Some(watchers) = inner.by_task.get_mut(&task) {
                watchers.retain(|w| !Arc::ptr_eq(w, places));
                if watchers.is_empty() {
                    inner.by_task.remove(&task);
                }
            }
        }
        inner.left();
    }

    /// Has `slot` told of every change that it wants from now on.
    pub(crate) fn join_by_filter(&self, slot: &Arc<Slot>) {
        let mut inner = self.lock();
        Arc::make_mut(&mut inner.by_filter).push(Arc::clone(slot));
        inner.vacant_since = None;
        drop(inner);
        self.arrived.notify_one();
    }

    /// Ends what [`Self::join_by_filter`] began.
    pub(crate) fn leave_by_filter(&self, slot: &Arc<Slot>) {
        let mut inner = self.lock();
        Arc::make_mut(&mut inner.by_filter).retain(|s| !Arc::ptr_eq(s, slot));
        inner.left();
    }

    /// Those who watch by filter.
    pub(crate) fn by_filter(&self) -> Arc<Vec<Arc<Slot>>> {
        Arc::clone(&self.lock().by_filter)
    }

    /// Tells those who watch these tasks by id.
    pub(crate) fn touch(&self, changes: &[Change]) {
        let inner = self.lock();
        if inner.by_task.is_empty() {
            return;
        }
        for change in changes {
            for places in inner.by_task.get(&change.task).into_iter().flatten() {
                places.mark(change.task, change.version);
            }
        }
    }

    /// Tells everybody that changes may have been missed.
    pub(crate) fn lost(&self, reason: &str) {
        let inner = self.lock();
        for (task, watchers) in &inner.by_task {
            for places in watchers {
                places.doubt(*task);
            }
        }
        for slot in inner.by_filter.iter() {
            slot.miss(None, reason);
        }
    }

    /// Waits until somebody watches.
    pub(crate) async fn occupied(&self) {
        loop {
            // Registered before looking, so that who comes in between is noticed.
            let arrived = self.arrived.notified();
            if !self.lock().is_vacant() {
                return;
            }
            arrived.await;
        }
    }

    /// Runs `close` if nobody has watched for so long, and says whether it did. Nobody can come
    /// in meanwhile.
    pub(crate) fn close_if_vacant(&self, so_long: Duration, close: impl FnOnce()) -> bool {
        let inner = self.lock();
        let vacant = inner.is_vacant() && inner.vacant_since.is_none_or(|since| since.elapsed() >= so_long);
        if vacant {
            close();
        }
        vacant
    }
}
