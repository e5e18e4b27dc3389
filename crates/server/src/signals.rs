//! Signals that stop the process: the first one in good order, the second one at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How a process ends that a signal has ended: 128 and the number of the signal.
const INTERRUPTED: i32 = 130;

/// A token that the first SIGTERM or SIGINT cancels. The second one ends the process.
///
/// # Errors
/// When the system does not let signals be caught.
///
/// # Panics
/// Outside of a tokio runtime.
pub(crate) fn stop() -> io::Result<CancellationToken> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        either(&mut term, &mut int).await;
        tracing::info!("told to stop: finishing what runs; a second signal ends at once");
        token.cancel();
        either(&mut term, &mut int).await;
        tracing::warn!("told to stop again: ending at once");
        std::process::exit(INTERRUPTED);
    });
    Ok(stop)
}

async fn either(term: &mut Signal, int: &mut Signal) {
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
