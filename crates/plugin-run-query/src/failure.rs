//! What a database error means for the task: whether another attempt may help, and what to say.

use sqlx::postgres::PgDatabaseError;
use task_plugin::Error;

use crate::Connection;

/// Where in a query's life an error came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the query was sent.
    Begin,
    /// The arguments were turned into values.
    Arguments,
    /// The query itself.
    Query,
    /// Odd values were turned into JSON.
    Cells,
    /// A write was to be made permanent.
    Commit,
}

impl Stage {
    fn before(self) -> &'static str {
        match self {
            Self::Begin => "the session could not begin: ",
            Self::Arguments => "the arguments do not fit the query: ",
            Self::Query => "",
            Self::Cells => "a value cannot be shown (cast its column to text): ",
            Self::Commit => "the query ran, but could not be committed: ",
        }
    }
}

/// A query's failure, and whether its session can be reset and used again.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) session_is_fine: bool,
}

impl Failed {
    pub(crate) fn new(error: &sqlx::Error, stage: Stage, settings: &Connection) -> Self {
        Self {
            error: of(error, stage, settings),
            session_is_fine: postgres_error(error).is_some_and(|error| !ends_session(error.code())),
        }
    }

    /// A mistake in the task that the server has not seen.
    pub(crate) fn ours(problem: impl Into<String>) -> Self {
        Self { error: Error::give_up(problem), session_is_fine: true }
    }
}

/// Decides whether another attempt may help.
pub(crate) fn of(error: &sqlx::Error, stage: Stage, settings: &Connection) -> Error {
    if let Some(postgres) = postgres_error(error) {
        let text = format!("{}{}", stage.before(), told(postgres));
        return if may_pass(postgres.code(), settings.read_only) {
            Error::retry(text)
        } else {
            Error::give_up(text)
        };
    }
    let text = format!("{}{error}", stage.before());
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => Error::retry(text),
        sqlx::Error::Protocol(_) => Error::give_up(format!(
            "{text} (a statement that needs a conversation, such as COPY, cannot be run as a task)"
        )),
        _ => Error::give_up(text),
    }
}

fn postgres_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// Postgres's own words, with all that helps to mend the query.
fn told(error: &PgDatabaseError) -> String {
    let mut text = format!("{} (SQLSTATE {})", error.message(), error.code());
    if let Some(sqlx::postgres::PgErrorPosition::Original(at)) = error.position() {
        text = format!("{text} at character {at}");
    }
    for (what, more) in [("detail", error.detail()), ("hint", error.hint())] {
        if let Some(more) = more {
            text = format!("{text}; {what}: {more}");
        }
    }
    // Undefined function, but of the protocol's own needs and not of the query.
    if error.code() == "42883" && error.message().starts_with("no binary output function") {
        text.push_str("; hint: cast its column to text");
    }
    text
}

/// Whether the cause lies outside the query and can pass. Codes: Postgres manual, appendix A.
fn may_pass(code: &str, read_only: bool) -> bool {
    match code {
        // Lock timeout, object in use; statement timeout, shutdown, crash, start-up.
        "55P03" | "55006" | "57014" | "57P01" | "57P02" | "57P03" | "57P05" => true,
        // A write that met a standby: the primary may have moved.
        "25006" => !read_only,
        // Connection lost, rolled back for others' sake (deadlock, serialization), out of
        // resources (too many connections, disk full), operating system, idle too long.
        _ => ["08", "40", "53", "58"].contains(&&code[..2.min(code.len())]) || code == "25P03",
    }
}

/// Whether the server ends the session after this error, or may be about to.
fn ends_session(code: &str) -> bool {
    code.starts_with("57P")
        || code == "25P03"
        || ["08", "53", "58", "XX"].iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_pass_is_retried_and_what_is_wrong_is_not() {
        for code in ["40001", "40P01", "53300", "57P01", "57P03", "57014", "55P03", "08006", "58030", "25P03"]
        {
            assert!(may_pass(code, true), "{code}");
        }
        for code in ["42601", "42501", "42P01", "22012", "23505", "22P02", "28P01", "", "5"] {
            assert!(!may_pass(code, false), "{code}");
        }
    }

    #[test]
    fn a_refused_write_is_final_only_where_writes_are_not_allowed() {
        assert!(!may_pass("25006", true));
        assert!(may_pass("25006", false));
    }
}
