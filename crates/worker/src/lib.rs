//! The worker process: options, wiring of store, plugins and pipeline in one readable function,
//! drain.

mod options;
mod sources;
mod worker;

pub use options::Options;
/// How to reach the database, for those who set a worker up.
pub use task_store::Settings as Database;
pub use worker::{Error, Ready, run};

use task_telemetry::prometheus::{Histogram, LONG_SECONDS};

/// The buckets of a worker's metrics, for [`task_telemetry::prometheus::install`].
pub const HISTOGRAMS: &[Histogram] =
    &[Histogram { name: task_pipeline::metric::ATTEMPT_SECONDS, buckets: LONG_SECONDS }];
