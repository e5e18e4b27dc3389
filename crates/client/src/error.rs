//! What can go wrong with a call, told in sentences.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Why a call did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be used.
    #[error("`{address}` is not an address to connect to: {problem}")]
    Address {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No Task Service answered.
    #[error("no task service at {address}: {why}")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What was found instead.
        why: Unreached,
    },
    /// The service answers, but cannot take the call just now.
    #[error("the service cannot take the call just now: {0}")]
    Unavailable(String),
    /// The call took longer than its deadline.
    #[error("no answer within {}", seconds(.deadline))]
    Deadline {
        /// The deadline it had.
        deadline: Duration,
    },
    /// The id is unknown.
    #[error("{0}")]
    NotFound(String),
    /// The request breaks a rule; the sentence says what to change.
    #[error("{message}")]
    Invalid {
        /// The field at fault, such as `payload`, where the service names one.
        field: Option<String>,
        /// What is wrong and what to change.
        message: String,
    },
    /// A task stands where the action is not allowed.
    #[error("{0}")]
    Refused(String),
    /// The idempotency key was used for a different task.
    #[error("{0}")]
    KeyReused(String),
    /// More than the service takes, such as a message above its limit or too many open watches.
    #[error("{0}")]
    TooMuch(String),
    /// The caller may not do this.
    #[error("not allowed: {0}")]
    NotAllowed(String),
    /// The service answered in a way that this client does not expect.
    #[error("the service failed the call ({code:?}): {message}")]
    Failed {
        /// The gRPC status code.
        code: Code,
        /// What it said.
        message: String,
    },
}

/// What was found where the service should have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreached {
    /// Nobody listens there, or the host cannot be found.
    #[error("{0}; is the server running?")]
    Nobody(String),
    /// Somebody listens, and does not speak the service's protocol.
    #[error("something else than the task service answers there ({0}); check the port")]
    SomethingElse(String),
    /// Somebody takes connections and does not answer, or drops them.
    #[error("connections are taken and not answered ({0})")]
    Silent(String),
}

impl Error {
    /// Whether the same call may succeed later without a change.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { why, .. } => !matches!(why, Unreached::SomethingElse(_)),
            Self::Unavailable(_) | Self::Deadline { .. } | Self::TooMuch(_) => true,
            Self::Failed { code, .. } => {
                matches!(code, Code::Internal | Code::Unknown | Code::Aborted | Code::Cancelled)
            }
            Self::Address { .. }
            | Self::NotFound(_)
            | Self::Invalid { .. }
            | Self::Refused(_)
            | Self::KeyReused(_)
            | Self::NotAllowed(_) => false,
        }
    }

    /// Reads an answer of the service. Failures of the connection are not told apart here: see
    /// `call`.
    pub(crate) fn from_answer(status: &Status, deadline: Duration) -> Self {
        let message = status.message().to_owned();
        match status.code() {
            Code::NotFound => Self::NotFound(message),
            Code::InvalidArgument | Code::OutOfRange => Self::Invalid { field: field(status), message },
            Code::FailedPrecondition => Self::Refused(message),
            Code::AlreadyExists => Self::KeyReused(message),
            Code::ResourceExhausted => Self::TooMuch(message),
            Code::Unauthenticated | Code::PermissionDenied => Self::NotAllowed(message),
            Code::Unavailable => Self::Unavailable(message),
            Code::DeadlineExceeded => Self::Deadline { deadline },
            code => Self::Failed { code, message },
        }
    }
}

fn field(status: &Status) -> Option<String> {
    let violations = status.get_details_bad_request()?.field_violations;
    violations.into_iter().next().map(|v| v.field)
}

fn seconds(span: &Duration) -> String {
    if span.subsec_millis() == 0 {
        format!("{} s", span.as_secs())
    } else {
        format!("{:.1} s", span.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_at_fault_is_read() {
        let status =
            task_proto::status::from_invalid(&task_domain::Invalid::new("name", "must not be empty"));
        let error = Error::from_answer(&status, Duration::from_secs(1));
        assert!(
            matches!(&error, Error::Invalid { field: Some(f), message } if f == "name" && message.contains("empty")),
            "{error:?}"
        );
        assert!(!error.is_retryable());
    }

    #[test]
    fn spans_are_told_in_seconds() {
        let told = |ms| Error::Deadline { deadline: Duration::from_millis(ms) }.to_string();
        assert_eq!(told(10_000), "no answer within 10 s");
        assert_eq!(told(1_500), "no answer within 1.5 s");
    }
}
