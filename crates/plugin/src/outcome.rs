//! How a plugin says what came of an attempt.

use std::fmt::Display;
use std::time::Duration;

use serde::Serialize;
use task_domain::TaskResult;

/// What a plugin gives back when it did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, with something to show or nothing.
    Done(Option<TaskResult>),
    /// Run again after this time; costs no attempt. More than ten years
    /// ([`limits::SNOOZE`](task_domain::limits::SNOOZE)) are taken for ten years.
    Snooze(Duration),
}

impl Outcome {
    /// Done, with nothing to show.
    pub const DONE: Self = Self::Done(None);

    /// Done, with a result to store and show.
    ///
    /// # Errors
    /// A final [`Error`] if the value is no JSON or larger than 256 KiB.
    pub fn done(result: &impl Serialize) -> Result<Self, Error> {
        let text = serde_json::to_string(result)
            .map_err(|e| Error::give_up(format!("the result cannot be written as JSON: {e}")))?;
        let result = TaskResult::new(&text).map_err(|e| Error::give_up(e.to_string()))?;
        Ok(Self::Done(Some(result)))
    }
}

/// Whether another attempt may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It may: the cause can pass, such as a server that is down.
    MayHelp,
    /// It will not: the cause is in the task itself, such as a wrong address.
    IsUseless,
}

/// What went wrong in an attempt, in a sentence for the people who look at the task.
///
/// Any error converts into one that is retried (`?` works); [`Error::give_up`] ends the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    message: String,
    retry: Retry,
}

impl Error {
    /// A failure that another attempt may mend.
    pub fn retry(message: impl Into<String>) -> Self {
        Self { message: message.into(), retry: Retry::MayHelp }
    }

    /// A failure that no other attempt will mend: the task becomes FAILED, whatever retries are left.
    pub fn give_up(message: impl Into<String>) -> Self {
        Self { message: message.into(), retry: Retry::IsUseless }
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether another attempt may help.
    pub fn retry_hint(&self) -> Retry {
        self.retry
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

// `Error` is not itself a `std::error::Error`, so that this conversion can cover all that are.
impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Many errors repeat their cause in their own text.
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            source = cause.source();
        }
        Self::retry(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_error_is_retried_and_tells_its_cause() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read")]
        struct Outer(#[source] std::io::Error);

        let error = Error::from(Outer(std::io::Error::other("disk on fire")));
        assert_eq!(error.message(), "cannot read: disk on fire");
        assert_eq!(error.retry_hint(), Retry::MayHelp);
    }

    #[test]
    fn a_result_that_breaks_a_limit_is_final() {
        let error = Outcome::done(&"x".repeat(300 << 10)).unwrap_err();
        assert_eq!(error.retry_hint(), Retry::IsUseless);
        assert!(error.message().contains("262144"), "{error}");
    }
}
