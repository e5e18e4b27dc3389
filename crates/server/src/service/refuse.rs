//! How an error of a port ends a call: the caller gets a code and a sentence, the log the causes.

use task_domain::ports::Error;
use task_telemetry::logging::chain;
use tonic::Status;

/// The status that ends a call. What the caller is not told is logged here, and only here.
pub(crate) fn refuse(error: &Error) -> Status {
    log(error);
    task_proto::status::from_error(error)
}

/// Logs what the caller is not told.
pub(crate) fn log(error: &Error) {
    match error {
        Error::Internal(_) | Error::Unstorable(_) => tracing::error!(error = %chain(error), "a call failed"),
        // One line each would bury the log while the database is away; readiness says it once.
        Error::Unavailable(_) => tracing::debug!(error = %chain(error), "a call could not be served"),
        Error::Invalid(_)
        | Error::NotFound(_)
        | Error::Refused { .. }
        | Error::KeyReused { .. }
        | Error::LeaseLost
        | Error::LeaseRanOut => {}
    }
}
