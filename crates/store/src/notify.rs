//! Says "look" to other processes, after the fact and not too often.
//!
//! A NOTIFY takes a lock on the whole cluster when it commits, so none is ever part of a hot
//! transaction: each process has one connection that sends them, one statement for all that
//! gathered since the last, no more often than [`SPACING`]. They are hints: what is lost is found
//! by polling.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Release};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::connection::{ANSWER, Held, answered};
use crate::lane::Lanes;

/// Wakes workers: there is work.
pub(crate) const READY: &str = "task_ready";
/// Wakes watches: tasks have changed.
pub(crate) const CHANGED: &str = "task_changed";
/// Wakes workers: a running task was cancelled.
pub(crate) const CANCELLED: &str = "task_cancelled";

/// Least time between two sends of a process: at most 200 a second, whatever the load.
const SPACING: Duration = Duration::from_millis(5);

/// Longest wait before a send that failed is tried again.
const FAILED: Duration = Duration::from_secs(2);

/// Sent once on each connection: a hint need not wait for the disk.
const NO_WAIT: &str = "set synchronous_commit = off";

#[derive(Default)]
struct Wanted {
    ready: AtomicBool,
    changed: AtomicBool,
    cancelled: AtomicBool,
    any: Notify,
}

impl Wanted {
    fn flags(&self) -> [(&AtomicBool, &'static str); 3] {
        [(&self.ready, READY), (&self.changed, CHANGED), (&self.cancelled, CANCELLED)]
    }

    /// The channels that hints are wanted on, and forgets them.
    fn take(&self) -> Vec<&'static str> {
        let wanted = self.flags().into_iter().filter(|(flag, _)| flag.swap(false, AcqRel));
        wanted.map(|(_, channel)| channel).collect()
    }

    /// Wants them again, after they could not be sent.
    fn want(&self, channels: &[&str]) {
        for (flag, _) in self.flags().into_iter().filter(|(_, channel)| channels.contains(channel)) {
            flag.store(true, Release);
        }
        self.any.notify_one();
    }
}

/// Asks for hints to be sent. Cheap; clones share one connection.
#[derive(Clone)]
pub(crate) struct Notifier {
    wanted: Option<Arc<Wanted>>,
}

impl Notifier {
    /// One that sends nothing: everything works by polling.
    pub(crate) fn silent() -> Self {
        Self { wanted: None }
    }

    /// Starts the loop that sends, which ends with the last clone of this. A hint that there is work
    /// says up to which number this process knows lanes, so that one in a new lane is found at once.
    pub(crate) fn start(connection: Held, lanes: Lanes) -> Self {
        let wanted = Arc::new(Wanted::default());
        tokio::spawn(send(connection.on_open(NO_WAIT), lanes, Arc::downgrade(&wanted)));
        Self { wanted: Some(wanted) }
    }

    /// There is work.
    pub(crate) fn ready(&self) {
        self.want(|w| &w.ready);
    }

    /// Tasks have changed.
    pub(crate) fn changed(&self) {
        self.want(|w| &w.changed);
    }

    /// A running task was cancelled.
    pub(crate) fn cancelled(&self) {
        self.want(|w| &w.cancelled);
    }

    fn want(&self, hint: impl FnOnce(&Wanted) -> &AtomicBool) {
        if let Some(wanted) = &self.wanted
            && !hint(wanted).swap(true, AcqRel)
        {
            wanted.any.notify_one();
        }
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.any.notify_one();
    }
}

async fn send(mut connection: Held, lanes: Lanes, wanted: std::sync::Weak<Wanted>) {
    /// How often the loop looks whether anyone is left who could ask.
    const LOOK: Duration = Duration::from_secs(1);
    loop {
        let Some(shared) = wanted.upgrade() else { break };
        // Ends without a hint now and then, so that this loop does not keep itself alive.
        let _ = tokio::time::timeout(LOOK, shared.any.notified()).await;
        let taken = shared.take();
        drop(shared);
        if taken.is_empty() {
            continue;
        }
        let next = Instant::now() + SPACING;
        if let Err(error) = notify(&mut connection, &taken, &lanes).await {
            tracing::debug!(%error, "a notification was not sent; polling will do meanwhile");
            let Some(shared) = wanted.upgrade() else { break };
            shared.want(&taken);
            tokio::time::sleep(FAILED.mul_f64(rand::random())).await;
        }
        tokio::time::sleep_until(next).await;
    }
    connection.close().await;
}

async fn notify(connection: &mut Held, channels: &[&str], lanes: &Lanes) -> task_domain::ports::Result<()> {
    let mut open = connection.take().await?;
    let statement = sqlx::query("select pg_notify(channel, $2) from unnest($1::text[]) as n(channel)")
        .bind(channels)
        .bind(lanes.newest().to_string());
    let answer = answered(ANSWER, statement.execute(&mut open)).await;
    connection.done(open, answer.map(drop))
}
