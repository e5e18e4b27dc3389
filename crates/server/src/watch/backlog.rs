//! Changes that wait to be read for the watches by filter: a bounded queue that never holds up
//! the feed.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use task_domain::ports::Change;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Most changes that wait: about a second of what is read at most.
const MOST: usize = 4_096;
/// The same while it is overrun: less is read then.
const MOST_OVERRUN: usize = 512;
/// So long after changes were left out, more will be.
const OVERRUN: Duration = Duration::from_secs(2);

/// The queue.
#[derive(Default)]
pub(crate) struct Backlog {
    queue: Mutex<Queue>,
    more: Notify,
}

#[derive(Default)]
struct Queue {
    changes: VecDeque<Change>,
    /// When there was no room last.
    left_out_at: Option<Instant>,
}

impl Queue {
    fn is_overrun(&self) -> bool {
        self.left_out_at.is_some_and(|at| at.elapsed() < OVERRUN)
    }
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues as many as there is room for and gives back the others.
    pub(crate) fn put<'a>(&self, changes: &'a [Change]) -> &'a [Change] {
        let mut queue = self.lock();
        let most = if queue.is_overrun() { MOST_OVERRUN } else { MOST };
        let room = most.saturating_sub(queue.changes.len()).min(changes.len());
        let (fit, left_out) = changes.split_at(room);
        queue.changes.extend(fit);
        if !left_out.is_empty() {
            queue.left_out_at = Some(Instant::now());
        }
        drop(queue);
        self.more.notify_one();
        left_out
    }

    /// Whether more comes just now than can be told.
    pub(crate) fn is_overrun(&self) -> bool {
        self.lock().is_overrun()
    }

    /// Takes up to `most`, waiting for the first.
    pub(crate) async fn take(&self, most: usize) -> Vec<Change> {
        loop {
            let more = self.more.notified();
            let taken: Vec<_> = {
                let mut queue = self.lock();
                let most = most.min(queue.changes.len());
                queue.changes.drain(..most).collect()
            };
            if !taken.is_empty() {
                return taken;
            }
            more.await;
        }
    }
}
