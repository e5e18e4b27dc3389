//! What can keep the whole from starting or going on.

use std::io;

use task_domain::{Invalid, ports};

/// Why everything in one process could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no place for the data.
    #[error("no place for the data is known: {0}; name a directory with --data-dir")]
    NoDataDir(String),
    /// Postgres cannot be found, started or set up.
    #[error(transparent)]
    Postgres(#[from] task_embedded::Error),
    /// The address of the database is none.
    #[error(transparent)]
    Address(#[from] Invalid),
    /// The database's schema cannot be brought up to date.
    #[error("the database cannot be used")]
    Schema(#[source] ports::Error),
    /// Mail cannot be taken.
    #[error(transparent)]
    Mail(#[from] task_smtp_sink::Error),
    /// The plugins cannot be set up.
    #[error("the plugins cannot be set up")]
    Plugins(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server cannot start or go on.
    #[error(transparent)]
    Server(#[from] task_server::Error),
    /// The worker cannot start or go on.
    #[error(transparent)]
    Worker(#[from] task_worker::Error),
    /// Metrics cannot be recorded.
    #[error(transparent)]
    Telemetry(#[from] task_telemetry::Error),
    /// A part ended before everything was there, without a reason.
    #[error("stopped before everything was there")]
    Stopped,
    /// The system does not let signals be caught.
    #[error("cannot listen for signals")]
    Signals(#[from] io::Error),
}
