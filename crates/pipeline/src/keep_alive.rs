//! Keeps a worker's leases alive, and tells attempts whose lease is lost to stop.
//!
//! Beside the chain, not in it: a full pipeline must not delay a renewal.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use task_domain::ports::{Error, Renew};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Capacity, Running, Stop, chance, metric};

/// What a renewal tells and hears.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// What runs here.
    pub running: Running,
    /// How much of it.
    pub capacity: Capacity,
    /// Whether the worker claims nothing more.
    pub drain: CancellationToken,
    /// Brings the next look forward: something that runs may have been cancelled.
    pub look: Arc<Notify>,
}

/// Longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Shortest time between two renewals that were brought forward by hints.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// Renews at a third of the lease's time, until it is dropped or the worker's lease is lost: then
/// every attempt is told to stop, and the worker has to register anew. A renewal that has no
/// answer after as long is given up and tried again.
pub async fn keep_alive<R: Renew>(session: &mut R, heartbeat: &Heartbeat) {
    let every = session.lease_time() / 3;
    let mut failures = 0u32;
    let mut drain_told = false;
    let mut next_look = Instant::now();
    loop {
        let draining = heartbeat.drain.is_cancelled();
        drain_told |= draining;
        let held = heartbeat.running.leases();
        let busy =
            u32::try_from(heartbeat.capacity.in_hand().min(heartbeat.capacity.slots())).unwrap_or(u32::MAX);
        let renewal = tokio::time::timeout(every, session.renew(&held, busy, draining)).await;
        let wait = match renewal.unwrap_or_else(|_| Err(Error::Unavailable("no answer in time".into()))) {
            Ok(lost) => {
                if std::mem::take(&mut failures) > 0 {
                    tracing::info!("the lease is renewed again");
                }
                counter!(metric::LEASES_LOST).increment(lost.len() as u64);
                for lease in lost {
                    tracing::info!(task.id = lease.task.get(), "lease lost; the attempt is told to stop");
                    heartbeat.running.stop(lease, Stop::LeaseLost);
                }
                every
            }
            Err(Error::LeaseLost) => {
                tracing::warn!("this worker's lease is lost; all attempts are told to stop");
                counter!(metric::LEASES_LOST).increment(held.len() as u64);
                heartbeat.running.stop_all(Stop::LeaseLost);
                return;
            }
            Err(error) => {
                if failures == 0 {
                    tracing::warn!(%error, "cannot renew the lease; trying again");
                }
                failures = failures.saturating_add(1);
                let cap = Duration::from_millis(50) * 2u32.pow(failures.min(10));
                cap.min(PAUSE_MAX).mul_f64(chance::unit())
            }
        };
        // A hint that is dropped in its pause was served by what came first.
        let look = async {
            heartbeat.look.notified().await;
            tokio::time::sleep_until(next_look).await;
        };
        tokio::select! {
            // In one order, so that a simulation takes the same turns again.
            biased;
            () = tokio::time::sleep(wait) => {}
            () = look => next_look = Instant::now() + LOOK_PAUSE,
            // Once, so that others see at once that this worker is going.
            () = heartbeat.drain.cancelled(), if !drain_told => {}
        }
    }
}

#[cfg(test)]
mod tests;
