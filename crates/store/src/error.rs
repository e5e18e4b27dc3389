//! What the database's errors mean to callers.

use sqlx::Error as Sqlx;
use task_domain::ports::Error;

/// Whether a SQLSTATE tells of trouble that passes: connection lost (08), too many connections or
/// out of something (53), shutting down or starting up (57P), read-only since demoted (25006),
/// serialization failure, deadlock, lock not to be had, statement cancelled.
fn passes(code: &str) -> bool {
    code.starts_with("08")
        || code.starts_with("53")
        || code.starts_with("57P")
        || matches!(code, "25006" | "40001" | "40P01" | "55P03" | "57014")
}

/// Whether a SQLSTATE tells that a value of the statement cannot be stored: data exception (22),
/// constraint (23), program limit (54).
fn is_about_a_value(code: &str) -> bool {
    code.starts_with("22") || code.starts_with("23") || code.starts_with("54")
}

/// Turns an error of the driver into one of the ports.
pub(crate) fn from_sqlx(error: Sqlx) -> Error {
    match &error {
        Sqlx::Database(database) => {
            let code = database.code().unwrap_or_default();
            // 42P01: the tables are not there yet; a migration is on its way.
            if passes(&code) || code == "42P01" {
                Error::Unavailable(error.into())
            } else if is_about_a_value(&code) {
                Error::Unstorable(error.into())
            } else {
                Error::Internal(error.into())
            }
        }
        Sqlx::Io(_)
        | Sqlx::Tls(_)
        | Sqlx::Protocol(_)
        | Sqlx::PoolTimedOut
        | Sqlx::PoolClosed
        | Sqlx::WorkerCrashed => Error::Unavailable(error.into()),
        Sqlx::Encode(_) => Error::Unstorable(error.into()),
        _ => Error::Internal(error.into()),
    }
}

/// Whether the database said no to a statement, so that it surely did nothing. One that may pass by itself is none: the
/// database may have gone away with the statement done.
pub(crate) fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Unstorable(source) | Error::Internal(source) => {
            source.downcast_ref().is_some_and(|error: &Sqlx| error.as_database_error().is_some())
        }
        _ => false,
    }
}

/// Whether a connection that gave this error is still good for the next statement: only after
/// errors that are known to concern the statement alone.
pub(crate) fn leaves_connection_good(error: &Sqlx) -> bool {
    match error {
        Sqlx::Database(database) => {
            let code = database.code().unwrap_or_default();
            is_about_a_value(&code) || code.starts_with("40") || matches!(&*code, "55P03" | "57014")
        }
        Sqlx::RowNotFound | Sqlx::ColumnDecode { .. } | Sqlx::Encode(_) => true,
        _ => false,
    }
}
