//! How the program ends: its exit code, and the sentence on standard error.

use std::{fmt, io};

use task_client::Error;
use task_domain::Invalid;

/// What the exit codes mean, for `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done; a task that was waited for has succeeded
  1  a task that was waited for failed or was cancelled, or the command failed otherwise
  2  the arguments are wrong; the message says what to change
  3  no task service can be reached at the address
  4  there is no such task";

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// All went well.
    Done,
    /// A task that was waited for failed, or the command did.
    Failed,
    /// The arguments are wrong.
    Usage,
    /// No service answers.
    Unreachable,
    /// The id is unknown.
    NotFound,
}

impl Exit {
    /// The process's exit code.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments are wrong: what to change.
    Usage(String),
    /// A call failed.
    Call(Error),
    /// Whoever read the output has gone, as `head` does. Not worth a word.
    ReaderGone,
    /// Anything else.
    Other(anyhow::Error),
}

pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

impl Failure {
    /// The exit code that this ends the program with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Call(Error::Invalid { .. } | Error::Address { .. }) => Exit::Usage,
            Self::Call(Error::Unreachable { .. }) => Exit::Unreachable,
            Self::Call(Error::NotFound(_)) => Exit::NotFound,
            Self::ReaderGone => Exit::Done,
            Self::Call(_) | Self::Other(_) => Exit::Failed,
        }
    }

    /// Says on standard error what went wrong.
    pub(crate) fn report(&self) -> Exit {
        if !matches!(self, Self::ReaderGone) {
            tell_error(self);
        }
        self.exit()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(told) => f.write_str(told),
            Self::Call(error) => error.fmt(f),
            Self::ReaderGone => f.write_str("nobody reads the output"),
            Self::Other(error) => f.write_str(&task_telemetry::logging::chain(error.as_ref())),
        }
    }
}

fn tell_error(told: impl std::fmt::Display) {
    use owo_colors::OwoColorize;
    anstream::eprintln!("{} {told}", "error:".red().bold());
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::ReaderGone } else { Self::Other(error.into()) }
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Usage(told(&invalid.field, &invalid.problem))
    }
}

/// The sentence about a field that a rule refuses, in the words of the command line.
fn told(field: &str, problem: &str) -> String {
    let problem = problem
        .replace("initial_backoff", "--initial-backoff")
        .replace("next_page_token", "page_token")
        .replace("page_token", "--page-token");
    format!("{}: {problem}", flag(field))
}

/// The flag behind a field of the interface; where there is none, the field itself.
fn flag(field: &str) -> &str {
    match field.rsplit('.').next().unwrap_or(field) {
        "type" | "types" => "--type",
        "queue" | "queues" => "--queue",
        "statuses" => "--status",
        "name_contains" => "--name",
        "created_from" => "--since",
        "created_until" => "--until",
        "page_number" => "--pageNumber",
        "page_size" => "--pageCount",
        "page_token" => "--page-token",
        "priority" => "--priority",
        "retries" => "--retries",
        "initial_backoff" => "--initial-backoff",
        "max_backoff" => "--max-backoff",
        "run_at" => "--run-at",
        "timeout" => "--timeout",
        "idempotency_key" => "--idempotency-key",
        "reason" => "--reason",
        "after_version" => "--after",
        label if label.starts_with("labels") => "--label",
        _ => field,
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<task_telemetry::Error> for Failure {
    fn from(error: task_telemetry::Error) -> Self {
        match error {
            task_telemetry::Error::Level { .. } => Self::Usage(error.to_string()),
            other => Self::Other(other.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_by_their_flags() {
        let usage = |field: &str, problem: &str| Failure::from(Invalid::new(field, problem)).to_string();
        assert_eq!(
            usage("retry_policy.max_backoff", "must not be shorter than initial_backoff"),
            "--max-backoff: must not be shorter than --initial-backoff"
        );
        assert_eq!(usage("filter.types", "x"), "--type: x");
        assert_eq!(usage("page_number", "follow next_page_token"), "--pageNumber: follow --page-token");
        assert_eq!(usage("labels[a]", "x"), "--label: x");
        assert_eq!(usage("payload", "x"), "payload: x");
    }

    #[test]
    fn codes_are_those_of_the_help() {
        let codes = [Exit::Done, Exit::Failed, Exit::Usage, Exit::Unreachable, Exit::NotFound];
        assert_eq!(codes.map(Exit::code), [0, 1, 2, 3, 4]);
        let not_found = Failure::from(Error::NotFound("there is no task 7".into()));
        assert_eq!(not_found.exit(), Exit::NotFound);
        let gone = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(gone.exit(), Exit::Done);
    }
}
