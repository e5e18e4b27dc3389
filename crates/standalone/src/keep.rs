//! Keeps a Postgres of our own running.

use std::time::{Duration, Instant};

use task_embedded::{Running, Shutdown};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// A server that ran for less than this before it died is not started again at once.
const SHORT_LIFE: Duration = Duration::from_secs(5);

/// The pause before the next try.
const PAUSE: Duration = Duration::from_secs(1);

/// Starts Postgres again whenever it dies, until told to stop; then stops it this way.
///
/// Server and worker need not be told: they wait for their database and go on by themselves.
pub(crate) async fn keep(
    mut postgres: Running,
    shutdown: Shutdown,
    stop: CancellationToken,
) -> Result<(), Error> {
    let mut begun = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            status = postgres.wait_exit() => {
                tracing::warn!(%status, log = %postgres.log_path().display(), "PostgreSQL ended by itself; starting it again");
            }
        }
        if begun.elapsed() < SHORT_LIFE && is_stopped_within(PAUSE, &stop).await {
            break;
        }
        // Not cut off by a stop: half a start could not be taken back.
        while let Err(error) = postgres.restart().await {
            tracing::error!(
                error = task_telemetry::logging::chain(&error),
                "PostgreSQL does not start; trying again"
            );
            if is_stopped_within(PAUSE, &stop).await {
                return Ok(());
            }
        }
        begun = Instant::now();
    }
    Ok(postgres.stop(shutdown).await?)
}

async fn is_stopped_within(pause: Duration, stop: &CancellationToken) -> bool {
    tokio::time::timeout(pause, stop.cancelled()).await.is_ok()
}
