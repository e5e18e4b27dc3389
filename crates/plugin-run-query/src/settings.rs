//! Which connections there are, and what a query may cost on each.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use task_domain::limits;

use crate::Error;

/// Room left in a result for what stands around the rows.
const AROUND_ROWS: usize = 16 << 10;

/// What a worker's operator allows.
#[derive(Clone, Default)]
pub struct Settings {
    /// The connections that tasks can name; `default` serves tasks that name none.
    pub connections: BTreeMap<String, Connection>,
    /// The address of the task queue's own database, once for each of its hosts, if this worker knows
    /// it. No connection may lead there or use a role that can act as the queue's. Without it, a
    /// connection is still refused when its database holds a task queue.
    pub queue_urls: Vec<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("connections", &self.connections).finish_non_exhaustive()
    }
}

/// One database that tasks can query.
#[derive(Clone)]
pub struct Connection {
    /// `postgres://user:password@host:port/database`, with a role that may do no more than its
    /// queries need. `?sslmode=verify-full` demands TLS.
    pub url: String,
    /// Whether queries run in a READ ONLY transaction that is rolled back. Default `true`. A
    /// statement that writes may run twice if a worker is lost in the middle: write it so that it
    /// can, such as `INSERT ... ON CONFLICT DO NOTHING`.
    pub read_only: bool,
    /// Most rows in a result. Default 1,000.
    pub max_rows: usize,
    /// Most bytes of JSON in a result's rows. Default 200 KiB; at most 240 KiB, so that the
    /// result stays within what is stored.
    pub max_bytes: usize,
    /// How long a query may take. Default 30 seconds; at least 1 millisecond.
    pub timeout: Duration,
    /// Most sessions at once on this connection; more tasks wait. Default 8.
    pub max_sessions: usize,
}

impl Connection {
    /// A connection with the defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            read_only: true,
            max_rows: 1_000,
            max_bytes: 200 << 10,
            timeout: Duration::from_secs(30),
            max_sessions: 8,
        }
    }

    /// Refuses what cannot work, before a task meets it.
    pub(crate) fn check(&self, name: &str) -> Result<(), Error> {
        let max_bytes = limits::RESULT_BYTES - AROUND_ROWS;
        let problem = if name.is_empty() || name.chars().any(char::is_control) {
            "the name must not be empty or hold control characters".to_owned()
        } else if self.max_rows == 0 || self.max_sessions == 0 {
            "max_rows and max_sessions must be at least 1".to_owned()
        } else if self.max_bytes == 0 || self.max_bytes > max_bytes {
            format!("max_bytes must be from 1 to {max_bytes}, not {}", self.max_bytes)
        } else if self.timeout < Duration::from_millis(1) || self.timeout > *limits::TIMEOUT.end() {
            "timeout must be from 1 ms to 7 days".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::Settings { name: name.to_owned(), problem })
    }
}

// The address holds a password.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("read_only", &self.read_only)
            .field("max_rows", &self.max_rows)
            .field("max_bytes", &self.max_bytes)
            .field("timeout", &self.timeout)
            .field("max_sessions", &self.max_sessions)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_settings_are_refused_and_named() {
        let good = Connection::new("postgres://localhost/x");
        good.check("default").expect("the defaults");
        for (bad, word) in [
            (Connection { max_rows: 0, ..good.clone() }, "max_rows"),
            (Connection { max_sessions: 0, ..good.clone() }, "max_sessions"),
            (Connection { max_bytes: 0, ..good.clone() }, "max_bytes"),
            (Connection { max_bytes: 256 << 10, ..good.clone() }, "max_bytes"),
            (Connection { timeout: Duration::ZERO, ..good.clone() }, "timeout"),
        ] {
            let error = bad.check("reports").unwrap_err().to_string();
            assert!(error.contains("`reports`") && error.contains(word), "{error}");
        }
        good.check("").unwrap_err();
    }

    #[test]
    fn no_password_is_shown() {
        let connection = Connection::new("postgres://me:hunter2@localhost/x");
        let settings = Settings {
            connections: BTreeMap::from([("default".to_owned(), connection)]),
            queue_urls: vec!["postgres://queue:hunter2@localhost/q".into()],
        };
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
