//! Every metric of the server, in one list.

use task_telemetry::Histogram;
use task_telemetry::prometheus::SHORT_SECONDS;

/// Answered calls, by `method` and gRPC `code`. A watch is counted when it opens.
pub const REQUESTS: &str = "task_server_requests_total";
/// Time from a call's arrival to its answer, by `method`; for a watch, to its opening.
pub const REQUEST_DURATION: &str = "task_server_request_duration_seconds";
/// Calls that ended in a panic; any is a defect.
pub const PANICS: &str = "task_server_panics_total";
/// Tasks stored by this server.
pub const TASKS_CREATED: &str = "task_server_tasks_created_total";
/// Open connections.
pub const CONNECTIONS: &str = "task_server_connections";
/// Open watches, `by` task or filter.
pub const WATCHES: &str = "task_server_watches";
/// Changes sent to watches.
pub const WATCH_CHANGES: &str = "task_server_watch_changes_total";
/// Times that a watch was told that changes were left out.
pub const WATCH_RESYNCS: &str = "task_server_watch_resyncs_total";
/// Times that the feed of changes from the store had a gap.
pub const FEED_LOST: &str = "task_server_feed_lost_total";
/// 1 while the server can serve calls, 0 otherwise.
pub const READY: &str = "task_server_ready";
/// Rounds of housekeeping, by `outcome`.
pub const MAINTENANCE: &str = "task_server_maintenance_total";
/// Workers that this server found to be lost.
pub const WORKERS_LOST: &str = "task_server_workers_lost_total";
/// Tasks that this server took back from lost workers.
pub const RECLAIMED: &str = "task_server_tasks_reclaimed_total";

/// The histograms, for [`task_telemetry::prometheus::install`].
pub const HISTOGRAMS: &[Histogram] = &[Histogram { name: REQUEST_DURATION, buckets: SHORT_SECONDS }];

/// Says what each metric is, and brings the plain ones into being, so that they are seen at zero.
pub(crate) fn describe() {
    metrics::describe_counter!(REQUESTS, "Answered calls, by method and gRPC code");
    metrics::describe_histogram!(REQUEST_DURATION, metrics::Unit::Seconds, "Time from arrival to answer");
    metrics::describe_counter!(PANICS, "Calls that ended in a panic");
    metrics::describe_counter!(TASKS_CREATED, "Tasks stored by this server");
    metrics::describe_gauge!(CONNECTIONS, "Open connections");
    metrics::describe_gauge!(WATCHES, "Open watches, by task or filter");
    metrics::describe_counter!(WATCH_CHANGES, "Changes sent to watches");
    metrics::describe_counter!(WATCH_RESYNCS, "Times that a watch was told of left out changes");
    metrics::describe_counter!(FEED_LOST, "Gaps in the feed of changes from the store");
    metrics::describe_gauge!(READY, "1 while calls can be served, 0 otherwise");
    metrics::describe_counter!(MAINTENANCE, "Rounds of housekeeping, by outcome");
    metrics::describe_counter!(WORKERS_LOST, "Workers that this server found to be lost");
    metrics::describe_counter!(RECLAIMED, "Tasks that this server took back from lost workers");
    for name in [PANICS, TASKS_CREATED, WATCH_CHANGES, WATCH_RESYNCS, FEED_LOST, WORKERS_LOST, RECLAIMED] {
        metrics::counter!(name).increment(0);
    }
    metrics::gauge!(CONNECTIONS).increment(0.0);
}

/// Holds a gauge up by one for as long as it lives.
pub(crate) struct Held(metrics::Gauge);

impl Held {
    pub(crate) fn new(gauge: metrics::Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
