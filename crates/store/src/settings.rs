//! How to reach the database.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use task_domain::Invalid;

/// How to reach the database, and how hard to lean on it.
#[derive(Clone, Debug)]
pub struct Settings {
    options: PgConnectOptions,
    /// Connections for questions and operators' actions. Default: 10.
    pub pool_size: u32,
    /// Longest wait for a connection. Default: 3 s.
    pub connect_timeout: Duration,
    /// Whether NOTIFY and LISTEN are used; without them everything works by polling. Default: true.
    pub notify: bool,
}

impl Settings {
    /// Reads a `postgres://user:password@host:port/database` URL.
    ///
    /// # Errors
    /// [`Invalid`] on `database-url`, without repeating the password.
    pub fn new(url: &str) -> Result<Self, Invalid> {
        let wrong = |why: &str| {
            Invalid::new(
                "database-url",
                format!("{why}; give one like postgres://user:password@127.0.0.1:5432/tasks"),
            )
        };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(wrong("is no Postgres URL"));
        }
        let options = PgConnectOptions::from_str(url).map_err(|_| wrong("cannot be read"))?;
        Ok(Self {
            options: options.application_name("task-service"),
            pool_size: 10,
            connect_timeout: Duration::from_secs(3),
            notify: true,
        })
    }

    /// For questions: the planner's own judgement of the tables as they are now, and an end to what
    /// takes too long. A plan that was kept from when they were small could take minutes.
    pub(crate) fn for_questions(&self) -> PgConnectOptions {
        self.options.clone().options([
            ("plan_cache_mode", "force_custom_plan"),
            ("statement_timeout", "10s"),
            ("lock_timeout", "2s"),
            ("idle_in_transaction_session_timeout", "10s"),
        ])
    }

    /// For the hot statements, each of which finds its rows by an index however large the tables
    /// are. A plan that was made while the tables were empty would keep its sequential scan and
    /// hash join as they grow, and get three to five times slower; so these are ruled out. What is
    /// left to the planner is the order of a nested loop and which index: each statement is written
    /// so that there is but one.
    pub(crate) fn for_hot_statements(&self) -> PgConnectOptions {
        self.options.clone().options([
            ("jit", "off"),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("enable_material", "off"),
            ("statement_timeout", "10s"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "10s"),
        ])
    }

    /// For migrations, which may take their time.
    pub(crate) fn for_migrations(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// Host and database, for messages; never the password.
    pub fn describe(&self) -> String {
        let database = self.options.get_database().unwrap_or_else(|| self.options.get_username());
        let place = match self.options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", self.options.get_host(), self.options.get_port()),
        };
        format!("database `{database}` at {place}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_url_is_answered_without_its_password() {
        for url in ["", "mysql://u:hunter2@h/d", "postgres://u:hunter2@h:port/d"] {
            let error = Settings::new(url).unwrap_err();
            assert_eq!(error.field, "database-url");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let settings = Settings::new("postgres://u:hunter2@db.example:6432/tasks").unwrap();
        assert_eq!(settings.describe(), "database `tasks` at db.example:6432");
    }
}
