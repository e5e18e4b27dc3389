//! What every gRPC call passes first: it is counted, bounded in number, and its panic is caught.

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use futures::FutureExt;
use http::{Request, Response};
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

/// What bounds and counts the calls.
pub(crate) struct Calls {
    /// Bounds those that run at a time.
    slots: Semaphore,
    /// By method, in the order of [`METHODS`], and then for all others.
    meters: [Meters; METHODS.len() + 1],
}

/// The metrics of one method, looked up once: a look-up costs more than what is counted by it.
struct Meters {
    seconds: metrics::Histogram,
    /// By code, in the order of their numbers.
    requests: [OnceLock<metrics::Counter>; CODES.len()],
}

impl Calls {
    /// Lets up to `most` calls run at a time.
    pub(crate) fn new(most: usize) -> Self {
        let meters = std::array::from_fn(|place| Meters {
            seconds: metrics::histogram!(REQUEST_DURATION, "method" => name(place)),
            requests: Default::default(),
        });
        Self { slots: Semaphore::new(most), meters }
    }

    fn count(&self, place: usize, code: Code, took: Duration) {
        let meters = &self.meters[place];
        meters.seconds.record(took);
        let code = usize::try_from(i32::from(code)).unwrap_or_default();
        let new = || metrics::counter!(REQUESTS, "method" => name(place), "code" => CODES[code]);
        meters.requests[code].get_or_init(new).increment(1);
    }
}

fn name(place: usize) -> &'static str {
    METHODS.get(place).copied().unwrap_or("other")
}

/// Passes a call on to what runs it.
pub(crate) async fn call<I, O: Default, F: Future<Output = Response<O>>>(
    calls: &Calls,
    request: Request<I>,
    run: impl FnOnce(Request<I>) -> F,
) -> Response<O> {
    let Some(method) = request.uri().path().strip_prefix(SERVICE) else { return run(request).await };
    let place = METHODS.iter().position(|m| *m == method).unwrap_or(METHODS.len());
    let arrived = Instant::now();
    // The body is read only behind this, so that what waits here costs little. Watches have a
    // limit of their own and must not keep calls out.
    let _slot = if name(place) == WATCH { None } else { calls.slots.acquire().await.ok() };
    let answer = AssertUnwindSafe(run(request)).catch_unwind().await;
    let response = answer.unwrap_or_else(|_| {
        metrics::counter!(PANICS).increment(1);
        tracing::error!(method = name(place), "a call ended in a panic; this is a defect of the service");
        Status::internal("something went wrong in the service; its log has the details").into_http()
    });
    calls.count(place, code(&response), arrived.elapsed());
    response
}

/// A call that fails before its first message says so in its head; any other has been taken on.
fn code<B>(response: &Response<B>) -> Code {
    response.headers().get("grpc-status").map_or(Code::Ok, |v| Code::from_bytes(v.as_bytes()))
}

/// The codes' names, in the order of their numbers.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
