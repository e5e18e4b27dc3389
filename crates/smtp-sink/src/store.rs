//! What the sessions of a sink share: the last messages, the counters, the waiting faults.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::fault::{Fault, Faults, Stage};
use crate::message::{Message, Parts};

/// What a sink has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections accepted.
    pub connections: u64,
    /// Messages accepted and kept, those that have since made room for newer ones included.
    pub messages: u64,
    /// Recipients refused.
    pub refused_recipients: u64,
    /// Messages refused after their content was read.
    pub refused_messages: u64,
    /// Logins refused.
    pub refused_logins: u64,
    /// Sessions that hang at this moment, by [`Fault::Hang`].
    pub hanging: u64,
}

/// Everything the sessions share.
#[derive(Debug)]
pub(crate) struct Store {
    keep_messages: usize,
    keep_bytes: usize,
    kept: Mutex<Kept>,
    faults: Mutex<Faults>,
    counters: watch::Sender<Counters>,
    received: watch::Sender<u64>,
    releases: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    messages: VecDeque<Message>,
    bytes: usize,
    count: u64,
}

impl Store {
    pub(crate) fn new(keep_messages: usize, keep_bytes: usize) -> Self {
        Self {
            keep_messages,
            keep_bytes,
            kept: Mutex::default(),
            faults: Mutex::default(),
            counters: watch::Sender::default(),
            received: watch::Sender::default(),
            releases: watch::Sender::default(),
        }
    }

    /// Keeps a message and lets the oldest go where there is no more room.
    pub(crate) fn keep(&self, mut parts: Parts) {
        let mut kept = lock(&self.kept);
        kept.count += 1;
        parts.number = kept.count;
        kept.bytes += parts.content.len();
        kept.messages.push_back(Message::new(parts));
        while kept.messages.len() > self.keep_messages || kept.bytes > self.keep_bytes {
            let Some(oldest) = kept.messages.pop_front() else { break };
            kept.bytes -= oldest.content().len();
        }
        // Under the lock, so that the counts are told in order and never before the message.
        self.counters.send_modify(|counters| counters.messages = kept.count);
        self.received.send_replace(kept.count);
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        lock(&self.kept).messages.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut kept = lock(&self.kept);
        kept.messages.clear();
        kept.bytes = 0;
    }

    pub(crate) fn received(&self) -> watch::Receiver<u64> {
        self.received.subscribe()
    }

    pub(crate) fn counters(&self) -> watch::Receiver<Counters> {
        self.counters.subscribe()
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Counters)) {
        self.counters.send_modify(change);
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn take_fault(&self, stage: Stage) -> Option<Fault> {
        self.faults().take(stage)
    }

    /// Lets all sessions go on that hang now.
    pub(crate) fn release(&self) {
        self.releases.send_modify(|count| *count += 1);
    }

    /// Hangs until the next release.
    pub(crate) async fn hang(&self) {
        // Before it is counted: a release after that must not be missed.
        let mut releases = self.releases.subscribe();
        let _hanging = Hanging::new(&self.counters);
        // An error would mean that the store is gone, which this borrow rules out.
        let _ = releases.changed().await;
    }
}

/// Counts a session as hanging while it exists, also when the session is cut off.
struct Hanging<'a>(&'a watch::Sender<Counters>);

impl<'a> Hanging<'a> {
    fn new(counters: &'a watch::Sender<Counters>) -> Self {
        counters.send_modify(|counters| counters.hanging += 1);
        Self(counters)
    }
}

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|counters| counters.hanging -= 1);
    }
}

/// No code that holds a lock here can leave a half-made change behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
