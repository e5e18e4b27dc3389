//! Starts attempts: each is polled once where it is taken up, and gets a tokio task of its own only
//! if it has not ended by then.
//!
//! A spawn, a wake-up and a join cost more than a short attempt itself. As many starters run as the
//! runtime has threads, so an attempt that is busy in its first poll holds up no more than it would
//! as a task of its own: the others go on with those behind it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use futures::{FutureExt, poll};
use task_domain::Claimed;
use tokio::sync::mpsc;
use tower::{Service, ServiceExt};

use super::Stack;
use super::attempt::{Attempt, Ended};
use crate::Running;
use crate::running::Entered;

/// Takes attempts up; how they ended comes out of the channel that [`Starts::new`] returns.
pub(super) struct Starts {
    stack: Stack,
    running: Running,
    shared: Arc<Shared>,
}

/// An attempt that has ended.
pub(super) struct Run {
    pub(super) claimed: Claimed,
    pub(super) ended: Ended,
}

struct Shared {
    queue: Mutex<Queue>,
    ended: mpsc::Sender<Run>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    starters: usize,
}

/// An attempt that was not yet taken up. It can be told to stop all the same.
struct Waiting {
    attempt: Attempt,
    entered: Entered,
}

impl Starts {
    /// No more than `most` attempts may be started and not yet taken from the channel.
    pub(super) fn new(stack: Stack, running: Running, most: usize) -> (Self, mpsc::Receiver<Run>) {
        let (ended, runs) = mpsc::channel(most);
        (Self { stack, running, shared: Arc::new(Shared { queue: Mutex::default(), ended }) }, runs)
    }

    /// Has an attempt started, by a starter that is under way or a new one.
    pub(super) fn start(&self, claimed: Claimed) {
        let (signal, entered) = self.running.enter(claimed.lease);
        let waiting = Waiting { attempt: Attempt::new(claimed, signal), entered };
        let runtime = tokio::runtime::Handle::current();
        let mut queue = self.shared.queue.lock().expect(UNPOISONED);
        queue.waiting.push_back(waiting);
        if queue.starters < runtime.metrics().num_workers() {
            queue.starters += 1;
            drop(queue);
            runtime.spawn(starter(self.stack.clone(), self.shared.clone()));
        }
    }
}

const UNPOISONED: &str = "no holder of this lock panics";

async fn starter(mut stack: Stack, shared: Arc<Shared>) {
    while let Some(waiting) = shared.next() {
        let Ok(_) = stack.ready().await;
        let mut run = Box::pin(run(&mut stack, waiting));
        match poll!(run.as_mut()) {
            Poll::Ready(run) => shared.end(run),
            Poll::Pending => {
                let shared = shared.clone();
                tokio::spawn(async move { shared.end(run.await) });
            }
        }
        // Lets others run now and then, as a task of its own would.
        tokio::task::consume_budget().await;
    }
}

/// One attempt, whatever happens: a panic that is not the plugin's own is an outcome as well.
fn run(stack: &mut Stack, waiting: Waiting) -> impl Future<Output = Run> + use<> {
    let Waiting { attempt, entered } = waiting;
    let claimed = attempt.claimed.clone();
    let call = catch_unwind(AssertUnwindSafe(|| stack.call(attempt)));
    async move {
        let ended = match call {
            Ok(call) => AssertUnwindSafe(call).catch_unwind().await,
            Err(panic) => Err(panic),
        };
        drop(entered);
        let ended = ended.map_or_else(|_| Ended::broken_off(), |Ok(ended)| ended);
        Run { claimed, ended }
    }
}

impl Shared {
    /// The next attempt to take up; nothing ends the starter that asks.
    fn next(&self) -> Option<Waiting> {
        let mut queue = self.queue.lock().expect(UNPOISONED);
        let next = queue.waiting.pop_front();
        if next.is_none() {
            queue.starters -= 1;
        }
        next
    }

    fn end(&self, run: Run) {
        // There is a place for it. Whoever listened may be gone: then the lease brings the task back.
        let _ = self.ended.try_send(run);
    }
}
