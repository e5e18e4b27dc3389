//! The middle of it: opens watches, and holds what they share.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt};
use task_domain::Invalid;
use task_proto::status::from_invalid;
use task_proto::{from_wire, v1};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::backlog::Backlog;
use super::lookup::Lookup;
use super::message::{self, Told};
use super::registry::Registry;
use super::{by_filter, by_id, fan_out, feed, lookup};
use crate::Backend;
use crate::metrics::{Held, WATCHES};

/// Pause after which a silent watch says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a new watch waits for the subscription to be in place.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything that watches share.
pub(crate) struct Hub<B> {
    pub(super) registry: Registry,
    pub(super) backlog: Backlog,
    pub(super) lookup: Lookup,
    /// Ends every watch.
    pub(super) stopping: CancellationToken,
    seats: Arc<Semaphore>,
    most: usize,
    in_place: watch::Sender<bool>,
    _backend: std::marker::PhantomData<fn() -> B>,
}

/// A watch's right to be open.
pub(super) struct Seat {
    _permit: OwnedSemaphorePermit,
    _held: Held,
}

impl<B: Backend> Hub<B> {
    /// Starts a hub whose work runs in `tasks`. Cancelling `stopping` ends every watch.
    pub(crate) fn start(
        backend: B,
        most: usize,
        stopping: CancellationToken,
        tasks: &mut JoinSet<()>,
    ) -> Arc<Self> {
        let (lookup, answering) = lookup::lookup(backend.clone());
        let hub = Arc::new(Self {
            registry: Registry::default(),
            backlog: Backlog::default(),
            lookup,
            stopping,
            seats: Arc::new(Semaphore::new(most)),
            most,
            in_place: watch::Sender::new(false),
            _backend: std::marker::PhantomData,
        });
        tasks.spawn(answering.run());
        tasks.spawn(fan_out::run(Arc::clone(&hub), backend.clone()));
        tasks.spawn(feed::run(Arc::clone(&hub), backend));
        hub
    }

    /// Opens a watch.
    ///
    /// # Errors
    /// The status that ends the call: a bad request, an unknown task, too many watches, or a store
    /// that is away.
    pub(crate) async fn watch(
        self: Arc<Self>,
        request: v1::WatchTasksRequest,
    ) -> Result<BoxStream<'static, Told>, Status> {
        if self.stopping.is_cancelled() {
            return Err(message::stopping());
        }
        if request.tasks.is_empty() {
            let filter =
                from_wire::filter(request.filter.unwrap_or_default()).map_err(|e| from_invalid(&e))?;
            if filter.payload_contains.is_some() {
                let problem = "cannot be watched; list the tasks again instead";
                return Err(from_invalid(&Invalid::new("filter.payload_contains", problem)));
            }
            let gather = from_wire::interval(request.interval).map_err(|e| from_invalid(&e))?;
            let seat = self.seat("filter")?;
            let watch = by_filter::Watch::open(self, filter, gather, seat).await?;
            let next =
                |mut watch: by_filter::Watch<B>| async { watch.next().await.map(|told| (told, watch)) };
            return Ok(futures::stream::unfold(watch, next).boxed());
        }
        if request.filter.is_some() {
            return Err(from_invalid(&Invalid::new("filter", "cannot be given together with tasks")));
        }
        if request.interval.is_some() {
            return Err(from_invalid(&Invalid::new("interval", "cannot be given together with tasks")));
        }
        let cursors = from_wire::cursors(&request.tasks).map_err(|e| from_invalid(&e))?;
        let seat = self.seat("task")?;
        let watch = by_id::Watch::open(self, cursors, seat).await?;
        let next = |mut watch: by_id::Watch<B>| async { watch.next().await.map(|told| (told, watch)) };
        Ok(futures::stream::unfold(watch, next).boxed())
    }

    fn seat(&self, by: &'static str) -> Result<Seat, Status> {
        let permit = Arc::clone(&self.seats).try_acquire_owned().map_err(|_| {
            Status::resource_exhausted(format!(
                "{} watches are open on this server, which is its limit; end some, or try later or elsewhere",
                self.most
            ))
        })?;
        Ok(Seat { _permit: permit, _held: Held::new(metrics::gauge!(WATCHES, "by" => by)) })
    }

    /// Waits until the subscription is in place.
    pub(super) async fn in_place(&self) -> Result<(), Status> {
        let mut in_place = self.in_place.subscribe();
        tokio::select! {
            () = self.stopping.cancelled() => Err(message::stopping()),
            found = tokio::time::timeout(PATIENCE, in_place.wait_for(|yes| *yes)) => match found {
                Ok(Ok(_)) => Ok(()),
                _ => Err(Status::unavailable("changes cannot be followed just now; try again")),
            },
        }
    }

    /// Notes whether the subscription is in place.
    pub(super) fn set_in_place(&self, yes: bool) {
        self.in_place.send_replace(yes);
    }
}

/// Ticks that say that a watch is alive, spread so that thousands do not tick together.
pub(super) fn heartbeat() -> Interval {
    let first = Instant::now() + HEARTBEAT.mul_f64(rand::random_range(0.7..=1.0));
    let mut ticks = tokio::time::interval_at(first, HEARTBEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
