//! What machines ask: alive, ready, and the numbers.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as Shared;
use http::{StatusCode, header};
use task_telemetry::Recorder;

use crate::Backend;
use crate::readiness::{Readiness, State};

/// Says that the process answers, whatever the database does: restarting would not mend that.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Says whether calls can be served, and why not. The database is asked at most once a second,
/// however many ask here.
pub(crate) async fn ready<B: Backend>(Shared(readiness): Shared<Arc<Readiness<B>>>) -> (StatusCode, String) {
    let state = match readiness.state() {
        State::Stopping => State::Stopping,
        _ => readiness.look(Duration::from_secs(1)).await,
    };
    match state {
        State::Ready => (StatusCode::OK, "ready\n".to_owned()),
        State::Starting(reason) | State::Unready(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n"))
        }
        State::Stopping => {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready: the server is stopping\n".to_owned())
        }
    }
}

/// The numbers, as Prometheus reads them.
pub(crate) async fn metrics(
    Shared(recorder): Shared<Recorder>,
) -> ([(header::HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], recorder.render())
}
