//! The plugins that workers of this program run, and how they are set up.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use task_plugin::Registry;
use task_plugin_run_query::{Connection, RunQuery};
use task_plugin_send_email::SendEmail;
use task_plugin_simulate::{Journaled, Simulate};

use crate::exit::{Failure, Result};
use crate::out::{talk, warn};
use crate::parse;

const SMTP_HELP: &str = "The mail server for send_email, as \
    smtp://user:password@host:587?tls=required&from=address; without one, this worker does not run it";
const CONNECTION_HELP: &str = "A database for run_query, as name=postgres://user:password@host:port/database; \
    tasks that name none use `default`; may be given several times; without any, this worker does not run it";

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Plugins")]
pub(crate) struct Plugins {
    /// The mail server for `send_email`
    #[arg(long, help = SMTP_HELP, env = "TASK_SMTP_URL", hide_env_values = true, value_name = "URL")]
    smtp_url: Option<String>,
    /// Databases for `run_query`
    // Read by `Setup::read`, since clap repeats what it refuses, password and all.
    #[arg(help = CONNECTION_HELP, long = "connection", env = "TASK_CONNECTIONS", hide_env_values = true, value_name = "NAME=URL",
        value_delimiter = ' ')]
    connections: Vec<String>,
    /// A file to which `simulate` adds a line for each start and end of an execution: for tests of
    /// what is lost or run twice
    #[arg(long, env = "TASK_SIMULATE_JOURNAL", value_name = "FILE", hide = true)]
    simulate_journal: Option<PathBuf>,
}

/// One connection in the config file; what is left out has the plugin's default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileConnection {
    url: String,
    read_only: Option<bool>,
    max_rows: Option<usize>,
    max_bytes: Option<usize>,
    timeout: Option<String>,
    max_sessions: Option<usize>,
}

/// What is known for setting the plugins up.
pub(super) struct Setup {
    smtp_url: Option<String>,
    connections: BTreeMap<String, Connection>,
    journal: Option<PathBuf>,
}

impl Setup {
    /// Joins flags and config file; a flag goes first.
    pub(super) fn read(
        flags: Plugins,
        smtp_url: Option<String>,
        in_file: BTreeMap<String, FileConnection>,
    ) -> Result<Self> {
        let given = flags.connections.iter().filter(|text| !text.is_empty()).enumerate();
        let given = given.map(|(at, text)| {
            parse::connection(text).map_err(|problem| {
                let nth = at + 1;
                Failure::Usage(format!("--connection or TASK_CONNECTIONS: number {nth} {problem}"))
            })
        });
        let given = given.collect::<Result<Vec<_>>>()?;
        let names = given.iter().map(|(name, _)| name.as_str());
        parse::unique("--connection", names).map_err(Failure::Usage)?;
        let mut connections = BTreeMap::new();
        for (name, connection) in in_file {
            connections.insert(name.clone(), connection.read(&name)?);
        }
        for (name, url) in given {
            connections.insert(name, Connection::new(url));
        }
        let smtp_url = flags.smtp_url.filter(|url| !url.is_empty()).or(smtp_url);
        Ok(Self { smtp_url, connections, journal: flags.simulate_journal })
    }

    /// Uses this mail server where none was named.
    pub(super) fn or_smtp_url(&mut self, url: impl FnOnce() -> String) {
        self.smtp_url.get_or_insert_with(url);
    }

    /// Uses this database as `default` where none was named so.
    pub(super) fn or_connection(&mut self, url: &str) {
        self.connections.entry("default".to_owned()).or_insert_with(|| Connection::new(url));
    }

    /// Connects once to every database that queries may use: a forbidden one is an error, one that
    /// is not there now a warning, since its tasks are tried again until it is.
    pub(super) async fn check(&self, queue_url: &str) -> Result {
        match self.queries(queue_url)?.check().await {
            Ok(()) => Ok(()),
            Err(error) if error.is_retryable() => {
                warn(task_telemetry::logging::chain(&error));
                Ok(())
            }
            Err(error) => Err(Failure::Usage(task_telemetry::logging::chain(&error))),
        }
    }

    /// Every plugin there is enough known for. A new plugin is one line here.
    pub(super) fn registry(&self, queue_url: &str) -> Result<Registry> {
        let registry = Registry::new();
        let mut registry = match &self.journal {
            Some(path) => registry.with(task_plugin_simulate::KIND, journaled(path)?),
            None => registry.with(task_plugin_simulate::KIND, Simulate),
        };
        match &self.smtp_url {
            Some(url) => registry = registry.with(task_plugin_send_email::KIND, mail(url)?),
            None => talk("Type send_email is off: no --smtp-url is given."),
        }
        if self.connections.is_empty() {
            talk("Type run_query is off: no --connection is given.");
        } else {
            registry = registry.with(task_plugin_run_query::KIND, self.queries(queue_url)?);
        }
        Ok(registry)
    }

    fn queries(&self, queue_url: &str) -> Result<RunQuery> {
        let (connections, queue_urls) =
            (self.connections.clone(), task_worker::Database::each_host(queue_url));
        let settings = task_plugin_run_query::Settings { connections, queue_urls };
        RunQuery::new(settings).map_err(|e| Failure::Usage(task_telemetry::logging::chain(&e)))
    }
}

fn journaled(path: &std::path::Path) -> Result<Journaled> {
    Journaled::open(path).map_err(|e| Failure::Usage(format!("--simulate-journal: {}: {e}", path.display())))
}

fn mail(url: &str) -> Result<SendEmail> {
    let told = |error: &dyn std::fmt::Display| Failure::Usage(format!("--smtp-url: {error}"));
    let settings = task_plugin_send_email::Settings::from_url(url).map_err(|e| told(&e))?;
    SendEmail::new(&settings).map_err(|e| told(&e))
}

impl FileConnection {
    fn read(self, name: &str) -> Result<Connection> {
        let mut connection = Connection::new(self.url);
        connection.read_only = self.read_only.unwrap_or(connection.read_only);
        connection.max_rows = self.max_rows.unwrap_or(connection.max_rows);
        connection.max_bytes = self.max_bytes.unwrap_or(connection.max_bytes);
        connection.max_sessions = self.max_sessions.unwrap_or(connection.max_sessions);
        if let Some(text) = self.timeout {
            connection.timeout = parse::duration(&text).map_err(|problem| {
                Failure::Usage(format!("config file: serve.connections.{name}.timeout: {problem}"))
            })?;
        }
        Ok(connection)
    }
}
