//! Runs claimed tasks: the only place where foreign code runs.
//!
//! In: [`Claimed`]. Out: [`Executed`], in the order in which attempts end. Each attempt runs on a
//! tokio task of its own, so that a busy plugin stalls neither its neighbours nor the renewal of
//! its lease, and passes the service stack built in [`ExecuteLayer::new`]. Ends when its input has
//! ended and every attempt with it.

mod attempt;
mod cancel;
mod deadline;
mod measure;
mod panic;
mod plugin;
mod slots;
mod trace;

use std::time::Duration;

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use task_domain::{Claimed, Executed, Outcome};
use task_plugin::Registry;
use tokio_util::sync::CancellationToken;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use self::attempt::{Attempt, Ended};
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
    S: Stream<Item = Claimed> + Send + 'static,
{
    type Service = BoxStream<'static, Executed>;

    fn layer(&self, claimed: S) -> Self::Service {
        let Self { stack, capacity, running } = self.clone();
        let most = capacity.most_in_hand();
        claimed
            .map(move |claimed| {
                let (signal, entered) = running.enter(claimed.lease);
                let mut stack = stack.clone();
                let attempt = Attempt::new(claimed.clone(), signal);
                let capacity = capacity.clone();
                let run = tokio::spawn(async move {
                    let Ok(ended) = match stack.ready().await {
                        Ok(ready) => ready.call(attempt).await,
                        Err(never) => Err(never),
                    };
                    drop(entered);
                    ended
                });
                async move {
                    let ended = run.await.unwrap_or_else(|e| Ended {
                        outcome: Outcome::Failed(format!("the attempt broke off: {e}")),
                        ran_for: None,
                    });
                    match ended.ran_for {
                        Some(ran_for) => capacity.ended(ran_for),
                        None => capacity.not_started(),
                    }
                    Executed { claimed, outcome: ended.outcome, ran_for: ended.ran_for.unwrap_or_default() }
                }
            })
            // Claims are bounded by what there is room for, so this bound is never met.
            .buffer_unordered(most)
            .boxed()
    }
}

#[cfg(test)]
mod tests;
