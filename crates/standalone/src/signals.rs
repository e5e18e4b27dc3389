//! Signals that stop the process: the first one in good order, the second one at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How a process ends that a second signal ends: 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// A token that the first SIGTERM or SIGINT cancels. The second one ends the process; a Postgres
/// of our own notices and stops as well.
///
/// # Errors
/// If the system does not let signals be caught.
///
/// # Panics
/// Outside a tokio runtime.
pub fn stop() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        either(&mut terminate, &mut interrupt).await;
        tracing::info!("told to stop: finishing what runs; a second signal ends at once");
        token.cancel();
        either(&mut terminate, &mut interrupt).await;
        tracing::warn!("told to stop again: ending at once");
        std::process::exit(INTERRUPTED);
    });
    Ok(stop)
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
