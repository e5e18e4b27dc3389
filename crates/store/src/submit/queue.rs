//! Calls that wait to be stored, and which of them are stored together.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use task_domain::{NewTask, limits};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

use super::Answers;

/// Most calls that wait for their turn; further ones wait to be let in.
const WAITING_CALLS: usize = 4_096;
/// Most bytes of payload in one statement.
const BATCH_BYTES: usize = 16 << 20;
/// So many tasks are worth a statement of their own while another one is under way; fewer wait for
/// its end, and share the next one.
const WORTH: usize = 16;

/// One call's tasks, and where its answers go.
pub(super) struct Call {
    pub(super) tasks: Vec<NewTask>,
    pub(super) answer: oneshot::Sender<Answers>,
    bytes: usize,
    /// Its place among those that wait.
    _place: OwnedSemaphorePermit,
}

/// Calls that are stored together. Counts as under way until it is dropped.
pub(super) struct Batch {
    pub(super) calls: Vec<Call>,
    queue: Queue,
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.queue.state().under_way -= 1;
        self.queue.shared.changed.notify_one();
    }
}

/// The calls that wait. Shared by those who put in and those who take out.
#[derive(Clone)]
pub(super) struct Queue {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    places: Arc<Semaphore>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    calls: VecDeque<Call>,
    /// Tasks in `calls`.
    tasks: usize,
    /// Batches that were taken and are not done.
    under_way: usize,
    closed: bool,
}

impl Queue {
    pub(super) fn new() -> Self {
        let places = Arc::new(Semaphore::new(WAITING_CALLS));
        Self { shared: Arc::new(Shared { state: Mutex::default(), places, changed: Notify::new() }) }
    }

    /// Puts a call in, once there is a place for it. Nothing if the queue is closed.
    pub(super) async fn put(&self, tasks: Vec<NewTask>) -> Option<oneshot::Receiver<Answers>> {
        let place = self.shared.places.clone().acquire_owned().await.ok()?;
        let (answer, answered) = oneshot::channel();
        let bytes = tasks.iter().map(|task| task.payload.as_str().len()).sum();
        let mut state = self.state();
        state.tasks += tasks.len();
        state.calls.push_back(Call { tasks, answer, bytes, _place: place });
        drop(state);
        self.shared.changed.notify_one();
        Some(answered)
    }

    /// Waits for calls that are worth a statement, and takes as many as go into one. Nothing once
    /// the queue is closed and empty.
    pub(super) async fn take(&self) -> Option<Batch> {
        loop {
            let changed = self.shared.changed.notified();
            {
                let mut state = self.state();
                if state.is_worth_a_statement() {
                    return Some(Batch { calls: state.take(), queue: self.clone() });
                }
                if state.closed && state.calls.is_empty() {
                    // Whoever else waits has to see it too.
                    self.shared.changed.notify_one();
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Lets nothing more in.
    pub(super) fn close(&self) {
        self.shared.places.close();
        self.state().closed = true;
        self.shared.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no holder of this lock panics")
    }
}

impl State {
    fn is_worth_a_statement(&self) -> bool {
        !self.calls.is_empty() && (self.under_way == 0 || self.tasks >= WORTH)
    }

    /// The first call and those behind it, as far as one statement goes.
    fn take(&mut self) -> Vec<Call> {
        self.under_way += 1;
        let (mut tasks, mut bytes, mut calls) = (0, 0, Vec::new());
        while tasks < limits::BATCH_TASKS && bytes < BATCH_BYTES {
            let Some(call) = self.calls.pop_front() else { break };
            tasks += call.tasks.len();
            bytes += call.bytes;
            calls.push(call);
        }
        self.tasks -= tasks;
        calls
    }
}
