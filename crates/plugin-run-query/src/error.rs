//! What is wrong with a connection, apart from any task.

/// Why a connection cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings of a connection make no sense.
    #[error("connection `{name}`: {problem}")]
    Settings {
        /// Its name.
        name: String,
        /// What to change.
        problem: String,
    },
    /// The connection touches the task queue's own database or role.
    #[error("connection `{name}` is refused: {problem}")]
    Refused {
        /// Its name.
        name: String,
        /// What it touches, and what to do instead.
        problem: String,
    },
    /// The server does not let us in, now.
    #[error("connection `{name}` cannot be opened")]
    Unreachable {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The server did not answer in time.
    #[error("connection `{name}` gave no answer within {seconds} s")]
    Silent {
        /// Its name.
        name: String,
        /// How long was waited.
        seconds: u64,
    },
}

impl Error {
    /// Whether the cause can pass by itself.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Silent { .. })
    }
}
