//! What the database's errors mean to callers.

use sqlx::Error as Sqlx;
use sqlx::postgres::{PgDatabaseError, PgSeverity};
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

/// Whether it may be its hint alone that a transaction failed for, and surely did nothing: the queue of hints is full
/// (54000), the role may send none (42501), or somebody holds the lock on them for long (55P03).
pub(crate) fn may_be_of_a_hint(error: &Error) -> bool {
    let (Error::Unavailable(source) | Error::Unstorable(source) | Error::Internal(source)) = error else {
        return false;
    };
    let Some(Sqlx::Database(error)) = source.downcast_ref() else { return false };
    // What is fatal may be a pooler's own, and the transaction done.
    let severity = error.try_downcast_ref().map(PgDatabaseError::severity);
    severity == Some(PgSeverity::Error)
        && matches!(error.code().as_deref(), Some("54000" | "42501" | "55P03"))
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
