//! What every gRPC call passes first: it is counted, bounded in number, and its panic is caught.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use tokio::sync::Semaphore;
use tonic::{Code, Status};

use crate::metrics::{PANICS, REQUEST_DURATION, REQUESTS};

/// Path of the service that is measured.
pub(crate) const SERVICE: &str = "/task.v1.TaskService/";

const WATCH: &str = "WatchTasks";

/// The methods that metrics name; anything else a caller makes up is `other`.
const METHODS: [&str; 10] = [
    "CreateTask",
    "CreateTasks",
    "GetTask",
    "ListTasks",
    "GetTaskHistory",
    "GetStatusCounts",
    WATCH,
    "CancelTask",
    "RetryTask",
    "ListWorkers",
];

/// Passes a call on. `slots` bounds those that run at a time.
pub(crate) async fn call(State(slots): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let Some(name) = request.uri().path().strip_prefix(SERVICE) else { return next.run(request).await };
    let method = METHODS.into_iter().find(|m| *m == name).unwrap_or("other");
    let arrived = Instant::now();
    // The body is read only behind this, so that what waits here costs little. Watches have a
    // limit of their own and must not keep calls out.
    let _slot = if method == WATCH { None } else { slots.acquire().await.ok() };
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let response = answer.unwrap_or_else(|_| {
        metrics::counter!(PANICS).increment(1);
        tracing::error!(method, "a call ended in a panic; this is a defect of the service");
        Status::internal("something went wrong in the service; its log has the details").into_http()
    });
    metrics::counter!(REQUESTS, "method" => method, "code" => code(&response)).increment(1);
    metrics::histogram!(REQUEST_DURATION, "method" => method).record(arrived.elapsed().as_secs_f64());
    response
}

/// A call that fails before its first message says so in its head; any other has been taken on.
fn code(response: &Response) -> &'static str {
    let code = response.headers().get("grpc-status").map_or(Code::Ok, |v| Code::from_bytes(v.as_bytes()));
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
