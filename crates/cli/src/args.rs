//! The command line as a whole; each command's own arguments stand beside the command.

use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use task_domain::TaskId;

use crate::{commands, exit, parse};

/// Create tasks, look at them, follow them and act on them.
#[derive(Debug, Parser)]
#[command(name = "task-cli", version, after_help = exit::HELP, after_long_help = LONG_HELP.to_owned() + exit::HELP)]
#[command(max_term_width = 100, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const LONG_HELP: &str = "\
Settings:
  A flag goes before its environment variable, that before the config file, that before the
  default.
  The config file is YAML, for example:
    address: http://127.0.0.1:8080
    output: table

Output:
  table is for people. json and yaml are the service's answers in full, in the canonical JSON
  form of Protocol Buffers: 64-bit numbers such as ids are strings, times are RFC 3339 in UTC;
  payload and result are embedded as JSON values. `watch -o json` prints one object a line (JSON
  Lines), `-o yaml` one document an event. Data goes to standard output, all else to standard
  error.

";

/// Arguments that every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Where the service is
    #[arg(
        long,
        global = true,
        env = "TASK_ADDRESS",
        value_name = "URL",
        help = "Where the service is [default: http://127.0.0.1:8080]"
    )]
    pub(crate) address: Option<String>,
    /// Log lines to show on standard error: error, warn, info, debug, trace or off [default: error; for
    /// serve and dev: warn]
    #[arg(long, global = true, env = "TASK_LOG_LEVEL", value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
    /// Form of the output [default: table]
    #[arg(short, long, global = true, env = "TASK_OUTPUT", value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// When to use colours; auto heeds the variable `NO_COLOR` [default: auto]
    #[arg(long, global = true, env = "TASK_COLOR", value_enum, value_name = "WHEN")]
    pub(crate) color: Option<Color>,
    /// Time one call to the service may take, such as 10s [default: 10s]
    #[arg(long, global = true, env = "TASK_DEADLINE", value_parser = parse::some_time, allow_hyphen_values = true, value_name = "DURATION")]
    pub(crate) deadline: Option<Duration>,
    /// Config file [default: ~/.config/task-cli/config.yaml, where there is one]
    #[arg(long, global = true, env = "TASK_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Form of the output.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: the whole answer as JSON.
    Json,
    /// For both: the whole answer as YAML.
    Yaml,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create, show, list, follow, cancel and retry tasks
    #[command(subcommand, visible_alias = "tasks")]
    Task(TaskCommand),
    /// Show every change of a task
    History(commands::history::Args),
    /// Show the workers
    #[command(visible_alias = "workers")]
    Worker(commands::listing::Args),
    /// Show the types of task, with the parameters each one takes
    #[command(visible_alias = "types")]
    Type(commands::listing::Args),
    /// Run a worker
    Serve(Box<commands::serve::Args>),
    /// Run everything in one process: Postgres, server, worker and a mail server
    Dev(commands::dev::Args),
    /// Run many tasks through the service and measure how long they take
    End2end(commands::end2end::Args),
    /// Print the completions of a shell, to be read by it at its start
    Completions(commands::completions::Args),
    /// Write the man pages into a folder
    #[command(hide = true)]
    Man(commands::man::Args),
}

/// Names the command that was meant, where it stands under `task`, and hides what may be a password.
pub(crate) fn with_hint(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidValue, ContextKind::InvalidSubcommand] {
        if let Some(ContextValue::String(text)) = error.get(kind)
            && let Some(shown) = without_login(text)
        {
            error.insert(kind, ContextValue::String(shown));
        }
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let full = format!("task {word}");
    if TaskCommand::has_subcommand(word) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![full]));
    }
    error
}

/// A URL with `***` for what stands before its host, where something does.
fn without_login(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (_, place) = rest.rsplit_once('@')?;
    Some(format!("{scheme}://***@{place}"))
}

impl Command {
    /// The log level where nobody chose one. What a command does for its caller it tells by itself;
    /// what goes wrong in a process that runs on is told by its log alone.
    pub(crate) const fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::Dev(_) => "warn",
            _ => "error",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// Create a task
    Create(Box<commands::create::Args>),
    /// Show one task in full
    Get(OneId),
    /// List tasks, newest first
    #[command(visible_alias = "l", alias = "ls")]
    List(commands::list::Args),
    /// Show how many tasks stand where
    #[command(visible_aliases = ["s", "stat"])]
    Status(commands::status::Args),
    /// Show what happened over time: rates, waits, durations, and what is wrong
    Stats(commands::stats::Args),
    /// Show the errors that attempts ended with, grouped
    Errors(commands::errors::Args),
    /// Follow tasks as they change
    Watch(commands::watch::Args),
    /// Cancel tasks that have not ended
    Cancel(commands::act::Args),
    /// Have tasks that have ended run again, with all their retries
    Retry(commands::act::Args),
    /// Show every change of a task
    History(commands::history::Args),
}

/// One task.
#[derive(Args, Clone, Copy, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct OneId {
    /// The task's id
    #[arg(value_name = "ID", value_parser = parse::task_id, allow_negative_numbers = true)]
    position: Option<TaskId>,
    /// The task's id
    #[arg(long = "id", value_name = "ID", value_parser = parse::task_id, allow_negative_numbers = true)]
    id: Option<TaskId>,
}

impl OneId {
    /// The id; one of the two forms is required.
    pub(crate) fn get(self) -> i64 {
        self.position.or(self.id).map_or(0, TaskId::get)
    }
}

/// Several tasks.
#[derive(Args, Clone, Debug)]
pub(crate) struct Ids {
    /// The tasks' ids
    #[arg(value_name = "ID", value_parser = parse::task_id, allow_negative_numbers = true)]
    positions: Vec<TaskId>,
    /// A task's id; may be given several times
    #[arg(long = "id", value_name = "ID", value_parser = parse::task_id, allow_negative_numbers = true)]
    ids: Vec<TaskId>,
}

impl Ids {
    /// The ids, each once, in the order given.
    pub(crate) fn get(&self) -> Vec<i64> {
        let mut seen = std::collections::HashSet::new();
        let all = self.positions.iter().chain(&self.ids).map(|id| id.get());
        all.filter(|id| seen.insert(*id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
