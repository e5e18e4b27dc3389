//! One file for each command.

pub(crate) mod act;
pub(crate) mod completions;
pub(crate) mod create;
pub(crate) mod end2end;
mod follow;
mod get;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod status;
pub(crate) mod watch;
pub(crate) mod workers;

use task_client::Client;

use crate::args::{Command, TaskCommand};
use crate::exit::{Exit, Result};
use crate::out::Out;
use crate::settings::Settings;

/// What a command works with.
struct Context {
    client: Client,
    out: Out,
}

/// Runs a command.
pub(crate) async fn run(command: Command, settings: &Settings) -> Result<Exit> {
    let mut out = Out::new(settings.output, settings.color);
    match command {
        Command::Completions(args) => return completions::run(&args, &mut out),
        Command::Man(args) => return man::run(&args),
        _ => {}
    }
    let context = Context { client: settings.client()?, out };
    match command {
        Command::Task(TaskCommand::Create(args)) => create::run(context, *args).await,
        Command::Task(TaskCommand::Get(id)) => get::run(context, id).await,
        Command::Task(TaskCommand::List(args)) => list::run(context, args).await,
        Command::Task(TaskCommand::Status(args)) => status::run(context, args).await,
        Command::Task(TaskCommand::Watch(args)) => watch::run(context, args).await,
        Command::Task(TaskCommand::Cancel(args)) => act::cancel(context, args).await,
        Command::Task(TaskCommand::Retry(args)) => act::retry(context, args).await,
        Command::Task(TaskCommand::History(args)) | Command::History(args) => {
            history::run(context, args).await
        }
        Command::Worker(args) => workers::run(context, &args).await,
        Command::End2end(args) => end2end::run(context, args).await,
        // Handled above: they need no client.
        Command::Completions(_) | Command::Man(_) => Ok(Exit::Done),
    }
}
