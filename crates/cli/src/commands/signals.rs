//! Signals that stop a worker: the first one in good order, the second one at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::out::talk;

/// How a process ends that SIGINT has ended: 128 and the signal's number.
const INTERRUPTED: i32 = 130;

/// A token that the first SIGTERM or SIGINT cancels; what then happens is told.
pub(super) fn stop(told: &'static str) -> io::Result<CancellationToken> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        either(&mut term, &mut int).await;
        talk(format_args!("Stopping: {told}; once more to end at once."));
        token.cancel();
        either(&mut term, &mut int).await;
        std::process::exit(INTERRUPTED);
    });
    Ok(stop)
}

async fn either(a: &mut Signal, b: &mut Signal) {
    tokio::select! {
        _ = a.recv() => {}
        _ = b.recv() => {}
    }
}
