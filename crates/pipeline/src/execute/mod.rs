//! Runs claimed tasks: the only place where foreign code runs.
//!
//! In: [`Claimed`]. Out: [`Executed`], in the order in which attempts end. Each attempt
//! passes the service stack built in [`ExecuteLayer::new`], on a tokio task of its own unless it ends
//! at its first poll (see `start`), so that a busy plugin stalls neither its neighbours nor the
//! renewal of its lease. Ends when its input has
//! ended and every attempt with it.

mod attempt;
mod cancel;
mod deadline;
mod measure;
mod panic;
mod plugin;
mod slots;
mod start;
mod trace;
mod until;

use std::time::Duration;

use futures::stream::{BoxStream, Fuse, ReadyChunks, iter, unfold};
use futures::{Stream, StreamExt};
use task_domain::{Claimed, Executed};
use task_plugin::Registry;
use tokio_util::sync::CancellationToken;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceBuilder};

use self::attempt::{Attempt, Ended};
use self::start::{Run, Starts};
use crate::{Capacity, Running};

type Stack = BoxCloneSyncService<Attempt, Ended, std::convert::Infallible>;

/// What bounds an attempt.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Deadline of attempts whose task brings none. Default: 5 min.
    pub timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_mins(5) }
    }
}

/// Lays the running of plugins over a stream of claimed tasks.
#[derive(Clone)]
pub struct ExecuteLayer {
    stack: Stack,
    capacity: Capacity,
    running: Running,
}

impl ExecuteLayer {
    /// Runs tasks with `plugins`, as many at a time as `capacity` has slots. What has not started
    /// about a second after it was claimed, or when `drain` is cancelled, is given back.
    pub fn new(
        plugins: Registry,
        limits: Limits,
        capacity: Capacity,
        running: Running,
        drain: CancellationToken,
    ) -> Self {
        let stack = ServiceBuilder::new()
            // Outermost, so that all below happens inside the attempt's span.
            .layer(trace::TraceLayer)
            // Waits for a slot, so that waiting counts neither as running nor against the deadline.
            .layer(slots::SlotsLayer::new(capacity.clone(), drain))
            // Counts every way an attempt can end.
            .layer(measure::MeasureLayer::default())
            // A stop comes before a deadline: there is nothing left to retry.
            .layer(cancel::CancelLayer)
            .layer(deadline::DeadlineLayer::new(limits.timeout))
            // Next to the plugin: a panic is an outcome to all above.
            .layer(panic::CatchPanicLayer)
            .service(plugin::RunPlugin::new(plugins));
        Self { stack: BoxCloneSyncService::new(stack), capacity, running }
    }
}

impl<S> Layer<S> for ExecuteLayer
where
    S: Stream<Item = Claimed> + Send + Unpin + 'static,
{
    type Service = BoxStream<'static, Executed>;

    fn layer(&self, claimed: S) -> Self::Service {
        let Self { stack, capacity, running } = self.clone();
        let claimed = claimed.ready_chunks(TAKEN).fuse();
        let attempts = Attempts { claimed, starts: Starts::new(stack, running), under_way: 0, capacity };
        unfold(attempts, |mut attempts| async move { attempts.next().await.map(|ended| (ended, attempts)) })
            .flat_map(iter)
            .boxed()
    }
}

/// Most claimed tasks that are taken up at once: each is a little work, and others have theirs.
const TAKEN: usize = 64;

struct Attempts<S: Stream<Item = Claimed>> {
    claimed: Fuse<ReadyChunks<S>>,
    starts: Starts,
    /// Started and not yet taken over.
    under_way: usize,
    capacity: Capacity,
}

impl<S: Stream<Item = Claimed> + Unpin> Attempts<S> {
    /// Those that have ended since.
    async fn next(&mut self) -> Option<Vec<Executed>> {
        loop {
            tokio::select! {
                // New ones first, so that the next claim is under way while these run.
                biased;
                Some(claimed) = self.claimed.next() => {
                    self.under_way += claimed.len();
                    self.starts.start(claimed);
                }
                ended = self.starts.ended(), if self.under_way > 0 => {
                    self.under_way -= ended.len();
                    return Some(self.count(ended));
                }
                else => return None,
            }
        }
    }

    /// Makes room for others in place of those that have ended.
    fn count(&self, ended: Vec<Run>) -> Vec<Executed> {
        let ran_for = ended.iter().filter_map(|run| run.ended.ran_for);
        let (ran, time) = ran_for.fold((0, Duration::ZERO), |(ran, all), time| (ran + 1, all + time));
        self.capacity.ended(ran, time);
        self.capacity.not_started(ended.len() - ran);
        ended.into_iter().map(executed).collect()
    }
}

fn executed(Run { claimed, ended: Ended { outcome, ran_for } }: Run) -> Executed {
    Executed { claimed, outcome, ran_for: ran_for.unwrap_or_default() }
}

#[cfg(test)]
mod tests;
