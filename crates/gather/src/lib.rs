//! What the many calls on one connection do together: they run within one task.
//!
//! As tasks of their own, the calls on a connection are each scheduled by themselves, on any thread, and meet at the
//! connection's lock. Within one task, answers that come together wake it once and are written together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use hyper::rt::Executor;

/// Runs what its spawners are given, each only when it is woken. Ready when all spawners are gone and all that they were
/// given has ended; dropping it drops what has not.
///
/// A panic ends what panicked and nothing else, as it does in a task.
#[derive(Debug)]
pub struct Group {
    coming: UnboundedReceiver<Member>,
    running: FuturesUnordered<Member>,
    /// Whether all spawners are gone.
    closed: bool,
}

/// Gives futures to a [`Group`]; what comes after that has gone is dropped.
#[derive(Clone, Debug)]
pub struct Spawner(UnboundedSender<Member>);

impl Group {
    /// An empty group, and what gives it something to run.
    pub fn new() -> (Self, Spawner) {
        #[expect(
            clippy::disallowed_methods,
            reason = "holds what would else be as many tasks, and only until it is polled"
        )]
        let (sender, coming) = unbounded();
        (Self { coming, running: FuturesUnordered::new(), closed: false }, Spawner(sender))
    }

    /// Takes in what was given; tells if there was any.
    fn take_in(&mut self, cx: &mut Context<'_>) -> bool {
        let before = self.running.len();
        while !self.closed
            && let Poll::Ready(member) = Pin::new(&mut self.coming).poll_next(cx)
        {
            match member {
                Some(member) => self.running.push(member),
                None => self.closed = true,
            }
        }
        self.running.len() > before
    }
}

impl Future for Group {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.take_in(cx);
        loop {
            while let Poll::Ready(Some(())) = Pin::new(&mut self.running).poll_next(cx) {}
            // Most of what comes is given by what just ran.
            if !self.take_in(cx) {
                break;
            }
        }
        if self.closed && self.running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawner {
    fn execute(&self, future: F) {
        // Nobody is left to run it otherwise.
        let _ = self.0.unbounded_send(Member(Box::pin(future)));
    }
}

struct Member(BoxFuture<'static, ()>);

impl Future for Member {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // It is not polled again, and was given away whole: nobody sees what it left half done.
        catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))).unwrap_or(Poll::Ready(()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use tokio::sync::{mpsc, oneshot};
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn all_run_within_one_task_and_the_group_ends_after_the_last() {
        let (group, spawner) = Group::new();
        let group = tokio::spawn(group);
        let (tell, mut told) = mpsc::channel(2);
        let (go, gone) = oneshot::channel();
        let again = spawner.clone();
        spawner.execute(async move {
            let inner = tell.clone();
            // Given by one of the group.
            again.execute(async move {
                gone.await.unwrap();
                inner.send(tokio::task::id()).await.unwrap();
            });
            tell.send(tokio::task::id()).await.unwrap();
        });
        drop(spawner);
        let first = told.recv().await.unwrap();
        yield_now().await;
        assert!(!group.is_finished(), "one still waits");
        go.send(()).unwrap();
        assert_eq!(told.recv().await.unwrap(), first);
        assert_eq!(first, group.id());
        group.await.unwrap();
    }

    #[tokio::test]
    async fn only_what_was_woken_is_polled() {
        let (group, spawner) = Group::new();
        tokio::spawn(group);
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&polls);
        spawner.execute(std::future::poll_fn(move |_| {
            counted.fetch_add(1, Relaxed);
            Poll::Pending
        }));
        for _ in 0..3 {
            let (done, ended) = oneshot::channel();
            spawner.execute(async move { done.send(()).unwrap() });
            ended.await.unwrap();
        }
        assert_eq!(polls.load(Relaxed), 1);
    }

    #[tokio::test]
    async fn a_panic_ends_what_panicked_and_nothing_else() {
        let (group, spawner) = Group::new();
        let group = tokio::spawn(group);
        let (go, gone) = oneshot::channel();
        let (done, ended) = oneshot::channel();
        spawner.execute(async move {
            gone.await.unwrap();
            done.send(()).unwrap();
        });
        spawner.execute(async { panic!("on purpose") });
        yield_now().await;
        go.send(()).unwrap();
        ended.await.unwrap();
        drop(spawner);
        group.await.unwrap();
    }

    #[tokio::test]
    async fn what_a_group_leaves_behind_is_dropped() {
        let (group, spawner) = Group::new();
        let group = tokio::spawn(group);
        let (kept, mut lost) = oneshot::channel::<()>();
        spawner.execute(async move {
            let _kept = kept;
            std::future::pending::<()>().await;
        });
        yield_now().await;
        assert!(lost.try_recv().is_err_and(|e| e == oneshot::error::TryRecvError::Empty));
        group.abort();
        assert!(lost.await.is_err());
        let (late, dropped) = oneshot::channel::<()>();
        spawner.execute(async move { late.send(()).unwrap() });
        assert!(dropped.await.is_err());
    }
}
