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

use futures::future::ready;
use futures::{FutureExt, poll};
use task_domain::Claimed;
use task_plugin::Signal;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tower::{Service, ServiceExt};

use super::Stack;
use super::attempt::{Attempt, Ended};
use crate::Running;
use crate::running::Entered;

/// Takes attempts up, and tells how they ended.
pub(super) struct Starts {
    stack: Stack,
    running: Running,
    shared: Arc<Shared>,
    /// Most starters at a time.
    threads: usize,
}

/// An attempt that has ended.
pub(super) struct Run {
    pub(super) claimed: Claimed,
    pub(super) ended: Ended,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Not yet told: no more than are in hand, which bounds what is claimed. Whoever was to be told may be gone;
    /// then the lease brings the tasks back.
    ended: Mutex<Vec<Run>>,
    /// Told when there is a first one.
    some_ended: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    starters: usize,
}

/// An attempt that was not yet taken up. It can be told to stop all the same.
struct Waiting {
    claimed: Claimed,
    signal: Signal,
    entered: Entered,
}

impl Starts {
    /// To be called within the runtime that attempts run in.
    pub(super) fn new(stack: Stack, running: Running) -> Self {
        let threads = Handle::current().metrics().num_workers();
        Self { stack, running, shared: Arc::default(), threads }
    }

    /// Has attempts started, by starters that are under way or new ones.
    pub(super) fn start(&self, claimed: Vec<Claimed>) {
        let entered = self.running.enter(claimed.iter().map(|claimed| claimed.lease));
        let waiting = |(claimed, (signal, entered))| Waiting { claimed, signal, entered };
        let mut queue = self.shared.queue.lock().expect(UNPOISONED);
        queue.waiting.extend(claimed.into_iter().zip(entered).map(waiting));
        let new = queue.waiting.len().min(self.threads - queue.starters);
        queue.starters += new;
        drop(queue);
        for _ in 0..new {
            tokio::spawn(starter(self.stack.clone(), self.shared.clone()));
        }
    }

    /// Waits for attempts that have ended and were not told before; at least one.
    ///
    /// # Cancel safety
    /// Safe: what it does not return, the next call does.
    pub(super) async fn ended(&self) -> Vec<Run> {
        loop {
            let some = self.shared.some_ended.notified();
            let ended = self.shared.take_ended();
            if !ended.is_empty() {
                return ended;
            }
            some.await;
        }
    }
}

const UNPOISONED: &str = "no holder of this lock panics";

async fn starter(mut stack: Stack, shared: Arc<Shared>) {
    while let Some(Waiting { claimed, signal, entered }) = shared.next() {
        let Ok(_) = stack.ready().await;
        let mut call = call(&mut stack, Attempt::new(claimed.clone(), signal));
        match poll!(&mut call) {
            Poll::Ready(ended) => {
                drop(entered);
                shared.end(Run { claimed, ended });
            }
            Poll::Pending => {
                let shared = shared.clone();
                tokio::spawn(async move {
                    let ended = call.await;
                    drop(entered);
                    shared.end(Run { claimed, ended });
                });
            }
        }
        // Lets others run now and then, as a task of its own would.
        tokio::task::consume_budget().await;
    }
}

/// One attempt, whatever happens: a panic that is not the plugin's own is an outcome as well.
fn call(stack: &mut Stack, attempt: Attempt) -> impl Future<Output = Ended> + Unpin + use<> {
    let broken_off = |_| Ended::broken_off();
    let called = catch_unwind(AssertUnwindSafe(|| stack.call(attempt)));
    let call = called.unwrap_or_else(|panic| ready(Ok(broken_off(panic))).boxed());
    // Mapped, it is dropped as soon as it has ended, where a panic of that is caught, too.
    let call = call.map(|Ok(ended)| ended);
    AssertUnwindSafe(call).catch_unwind().map(move |ended| ended.unwrap_or_else(broken_off))
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

    fn take_ended(&self) -> Vec<Run> {
        let mut ended = self.ended.lock().expect(UNPOISONED);
        // The next ones will be about as many.
        let room = Vec::with_capacity(ended.len());
        std::mem::replace(&mut *ended, room)
    }

    fn end(&self, run: Run) {
        let mut ended = self.ended.lock().expect(UNPOISONED);
        ended.push(run);
        let is_first = ended.len() == 1;
        drop(ended);
        if is_first {
            self.some_ended.notify_one();
        }
    }
}
