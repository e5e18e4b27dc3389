//! Seeing a process run: its log, its numbers, and their set-up.
//!
//! The library crates only emit (`tracing` and `metrics`); a binary calls [`logging::init`] and
//! [`prometheus::install`] once at its start. Each crate keeps the names of its metrics in one
//! list and hands its histograms over from there.

pub mod logging;
pub mod process;
pub mod prometheus;

pub use logging::Format;
pub use prometheus::{Histogram, Recorder};

/// What can go wrong while logging and metrics are set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log level is none.
    #[error(
        "`{level}` is no log level; use error, warn, info, debug, trace or off, also per target as in info,task_server=debug"
    )]
    Level {
        /// What was given.
        level: String,
    },
    /// Another part of the process has set up logging before.
    #[error("logging is set up already")]
    Logging(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The metrics recorder could not be put in place.
    #[error("metrics cannot be recorded")]
    Metrics(#[source] metrics_exporter_prometheus::BuildError),
}
