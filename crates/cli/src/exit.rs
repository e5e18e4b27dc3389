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
        Self::Usage(invalid.to_string())
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
    fn codes_are_those_of_the_help() {
        let codes = [Exit::Done, Exit::Failed, Exit::Usage, Exit::Unreachable, Exit::NotFound];
        assert_eq!(codes.map(Exit::code), [0, 1, 2, 3, 4]);
        let not_found = Failure::from(Error::NotFound("there is no task 7".into()));
        assert_eq!(not_found.exit(), Exit::NotFound);
        let gone = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(gone.exit(), Exit::Done);
    }
}
