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

/// Turns an error of the driver into one of the ports.
pub(crate) fn from_sqlx(error: Sqlx) -> Error {
    let passing = match &error {
        Sqlx::Database(database) => {
            let code = database.code();
            // 42P01: the tables are not there yet; a migration is on its way.
            code.as_deref().is_some_and(|c| passes(c) || c == "42P01")
        }
        Sqlx::Io(_)
        | Sqlx::Tls(_)
        | Sqlx::Protocol(_)
        | Sqlx::PoolTimedOut
        | Sqlx::PoolClosed
        | Sqlx::WorkerCrashed => true,
        _ => false,
    };
    if passing { Error::Unavailable(error.into()) } else { Error::Internal(error.into()) }
}

/// Whether a connection that gave this error is still good for the next statement.
pub(crate) fn leaves_connection_good(error: &Sqlx) -> bool {
    match error {
        Sqlx::Database(database) => {
            !database.code().is_some_and(|c| c.starts_with("08") || c.starts_with("57P") || c == "25006")
        }
        Sqlx::RowNotFound | Sqlx::ColumnDecode { .. } | Sqlx::Decode(_) | Sqlx::Encode(_) => true,
        _ => false,
    }
}
