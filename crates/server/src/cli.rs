//! The options of `task-server`. Each can also be given by the environment variable named with it.

use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use task_server::Options;
use task_store::Settings;
use task_telemetry::{Format, Recorder};

/// Serves the Task Service over gRPC, gRPC-Web and HTTP on one port.
#[derive(Parser)]
#[command(name = "task-server", version)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,
    #[command(flatten)]
    serve: ServeArguments,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve (what it does where no command is given)
    Serve(ServeArguments),
    /// Bring the database's schema up to date and exit
    Migrate(MigrateArguments),
}

impl Arguments {
    /// Reads the command line, or ends the process with what is wrong with it.
    pub(crate) fn read() -> Self {
        let matches = Self::command().get_matches();
        let read = misplaced(&matches).map_or_else(|| Self::from_arg_matches(&matches), Err);
        read.unwrap_or_else(|error| error.exit())
    }

    /// What to do, and with which common options.
    pub(crate) fn into_command(self) -> (CommonArguments, Command) {
        (self.common, self.command.unwrap_or(Command::Serve(self.serve)))
    }
}

/// Options of `serve` may stand alone. Before a command they would mean nothing: say so.
fn misplaced(matches: &ArgMatches) -> Option<clap::Error> {
    let (command, _) = matches.subcommand()?;
    let options = ServeArguments::augment_args(clap::Command::new("serve"));
    let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let option = options.get_arguments().find(|a| given(a.get_id().as_str()))?;
    let name = option.get_long().unwrap_or_default();
    let told = format!(
        "--{name} is an option of `serve`; put it after the command, if that is `serve`, not before `{command}`"
    );
    Some(Arguments::command().error(clap::error::ErrorKind::ArgumentConflict, told))
}

/// Options of every command.
#[derive(Args)]
pub(crate) struct CommonArguments {
    /// The Postgres database, as postgres://user:password@host:port/database; of several hosts,
    /// separated by commas, the one that takes writes is used
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", global = true)]
    database_url: Option<String>,
    /// A pooler stands between that keeps no sessions, such as pgbouncer in transaction mode: work
    /// without prepared statements, session settings and LISTEN
    #[arg(long, env = "TASK_POOLED", global = true)]
    pooled: bool,
    /// Neither send nor hear hints by NOTIFY and LISTEN: work by polling alone
    #[arg(long, env = "TASK_NO_NOTIFY", global = true)]
    no_notify: bool,
    /// Least important events to log: error, warn, info, debug, trace or off; also by target, as
    /// in `info,task_server=debug`
    #[arg(long, env = "TASK_LOG_LEVEL", default_value = "info", value_name = "LEVEL", global = true)]
    pub(crate) log_level: String,
    /// Form of the log on standard error: text or json
    #[arg(long, env = "TASK_LOG_FORMAT", default_value_t, value_name = "FORMAT", global = true)]
    pub(crate) log_format: Format,
}

impl CommonArguments {
    /// Where the database is.
    pub(crate) fn database(&self) -> anyhow::Result<Settings> {
        let url = self.database_url.as_deref().filter(|url| !url.is_empty()).ok_or_else(|| {
            anyhow::anyhow!(
                "no database is given; use --database-url or DATABASE_URL, such as postgres://user:password@127.0.0.1:5432/tasks"
            )
        })?;
        let mut settings = Settings::new(url)?;
        settings.pooled = self.pooled;
        settings.notify = !self.no_notify;
        Ok(settings)
    }
}

/// Options of `task-server serve`.
#[derive(Args)]
pub(crate) struct ServeArguments {
    /// Host and port to listen on; port 0 takes a free one
    #[arg(long, env = "TASK_LISTEN", default_value = "127.0.0.1:8080", value_name = "HOST:PORT")]
    listen: String,
    /// Do not bring the database's schema up to date first
    #[arg(long, env = "TASK_NO_MIGRATE")]
    no_migrate: bool,
    /// Serve gRPC reflection, which tells any caller the whole interface
    #[arg(long, env = "TASK_REFLECTION")]
    reflection: bool,
    /// Origins whose pages may call over gRPC-Web, separated by commas
    #[arg(
        long,
        env = "TASK_WEB_ORIGINS",
        value_name = "ORIGINS",
        value_delimiter = ',',
        value_parser = origin,
        default_value = "http://localhost:3000,http://127.0.0.1:3000"
    )]
    web_origins: Vec<String>,
    /// Seconds that calls may take to finish once told to stop
    #[arg(long, env = "TASK_SHUTDOWN_GRACE", default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3_600))]
    shutdown_grace: u64,
    /// Longest time for one call, in seconds; watches apart
    #[arg(long, env = "TASK_REQUEST_TIMEOUT", default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    request_timeout: u64,
    /// Calls served at a time; more wait their turn
    #[arg(long, env = "TASK_MAX_CALLS", default_value_t = 1_024, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_calls: u32,
    /// Watches open at a time; more are refused
    #[arg(long, env = "TASK_MAX_WATCHES", default_value_t = 20_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_watches: u32,
    /// Connections open at a time; more wait
    #[arg(long, env = "TASK_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
    /// Calls and watches at a time on one connection
    #[arg(long, env = "TASK_MAX_STREAMS", default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_streams: u32,
    /// Seconds after which a connection is asked to make way for a new one
    #[arg(long, env = "TASK_CONNECTION_AGE", default_value_t = 3_600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    connection_age: u64,
}

impl ServeArguments {
    /// The server's settings.
    pub(crate) fn into_options(self, recorder: Recorder) -> Options {
        let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        Options {
            listen: self.listen,
            migrate: !self.no_migrate,
            reflection: self.reflection,
            web_origins: self.web_origins,
            shutdown_grace: Duration::from_secs(self.shutdown_grace),
            request_timeout: Duration::from_secs(self.request_timeout),
            max_calls: count(self.max_calls),
            max_watches: count(self.max_watches),
            max_connections: count(self.max_connections),
            max_streams: self.max_streams,
            connection_age: Duration::from_secs(self.connection_age),
            recorder: Some(recorder),
            ..Options::default()
        }
    }
}

/// Checks an origin as browsers send it: a scheme, a host, perhaps a port, and nothing more.
fn origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    match host {
        Some(host) if !host.is_empty() && host.chars().all(fits) => Ok(text.to_owned()),
        _ => Err("give origins like https://tasks.example.com or http://localhost:3000".to_owned()),
    }
}

/// Options of `task-server migrate`.
#[derive(Args)]
pub(crate) struct MigrateArguments {
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_serve_may_stand_alone_but_not_before_a_command() {
        let read = |line: &str| Arguments::command().try_get_matches_from(line.split(' ')).unwrap();
        assert!(misplaced(&read("task-server --listen a:1")).is_none());
        assert!(misplaced(&read("task-server --log-level debug serve --listen a:1")).is_none());
        let error = misplaced(&read("task-server --listen a:1 migrate")).unwrap();
        assert!(error.to_string().contains("--listen is an option of `serve`"), "{error}");
    }

    #[test]
    fn the_options_are_in_order() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn origins_are_checked() {
        assert!(origin("https://tasks.example.com").is_ok());
        assert!(origin("http://[::1]:3000").is_ok());
        for bad in ["", "*", "localhost:3000", "http://", "http://a/b", "ftp://a"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
