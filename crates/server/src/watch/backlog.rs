//! Changes that wait to be read for the watches by filter: a bounded queue that never holds up
//! the feed.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use task_domain::ports::Change;
use tokio::sync::Notify;

/// Most changes that wait: about a second of what is read at most.
const MOST: usize = 4_096;

/// The queue.
#[derive(Default)]
pub(crate) struct Backlog {
    changes: Mutex<VecDeque<Change>>,
    more: Notify,
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Change>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues as many as there is room for and gives back the others.
    pub(crate) fn put<'a>(&self, changes: &'a [Change]) -> &'a [Change] {
        let mut queue = self.lock();
        let room = MOST.saturating_sub(queue.len()).min(changes.len());
        let (fit, left_out) = changes.split_at(room);
        queue.extend(fit);
        drop(queue);
        self.more.notify_one();
        left_out
    }

    /// Takes up to `most`, waiting for the first.
    pub(crate) async fn take(&self, most: usize) -> Vec<Change> {
        loop {
            let more = self.more.notified();
            let taken: Vec<_> = {
                let mut queue = self.lock();
                let most = most.min(queue.len());
                queue.drain(..most).collect()
            };
            if !taken.is_empty() {
                return taken;
            }
            more.await;
        }
    }
}
