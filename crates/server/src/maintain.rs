//! The store's housekeeping, done by whichever server comes first: counters folded, lost leases
//! taken back.

use std::time::Duration;

use task_telemetry::logging::chain;
use tokio::time::Instant;

use crate::backend::{Backend, Pace};
use crate::metrics::MAINTENANCE;

/// Pause between two rounds. A lost lease is noticed this much late at most.
const PAUSE: Duration = Duration::from_secs(1);
/// Pause between two looks for workers whose processes are gone, while tasks may be running.
const LOOK: Duration = Duration::from_millis(200);

/// Has the store keep house about once a second, for ever.
pub(crate) async fn keep<B: Backend>(backend: B) {
    let mut failing = false;
    let mut pace = Pace::Calm;
    loop {
        // Spread, so that several servers do not fall into step.
        let round = Instant::now() + PAUSE.mul_f64(rand::random_range(0.8..1.2));
        while pace == Pace::Stirring && Instant::now() + LOOK < round {
            tokio::time::sleep(LOOK).await;
            pace = backend.look_for_the_gone().await.unwrap_or(pace);
        }
        tokio::time::sleep_until(round).await;
        let outcome = backend.maintain().await;
        metrics::counter!(MAINTENANCE, "outcome" => if outcome.is_ok() { "ok" } else { "error" })
            .increment(1);
        match outcome {
            // Said once until it passes; while the database is away, readiness says so already.
            Err(error) if !failing && !error.is_retryable() => {
                tracing::error!(error = %chain(&error), "housekeeping failed");
                failing = true;
            }
            Err(_) => {}
            Ok(now) => {
                failing = false;
                pace = now;
            }
        }
    }
}
