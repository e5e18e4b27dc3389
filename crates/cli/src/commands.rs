//! One file for each command.

pub(crate) mod act;
pub(crate) mod completions;
pub(crate) mod create;
pub(crate) mod dev;
pub(crate) mod end2end;
pub(crate) mod errors;
mod follow;
mod get;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod listing;
pub(crate) mod man;
pub(crate) mod plugins;
pub(crate) mod serve;
mod signals;
pub(crate) mod stats;
pub(crate) mod status;
mod types;
pub(crate) mod watch;
mod workers;

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
        Command::Completions(args) => completions::run(&args, &mut out),
        Command::Man(args) => man::run(&args),
        Command::Dev(args) => Box::pin(dev::run(args, out)).await,
        Command::Serve(args) => Box::pin(serve::run(*args, settings)).await,
        other => with_client(other, Context { client: settings.client()?, out }).await,
    }
}

/// Runs a command that talks to the service.
async fn with_client(command: Command, context: Context) -> Result<Exit> {
    match command {
        Command::Task(TaskCommand::Create(args)) => create::run(context, *args).await,
        Command::Task(TaskCommand::Get(id)) => get::run(context, id).await,
        Command::Task(TaskCommand::List(args)) => list::run(context, args).await,
        Command::Task(TaskCommand::Status(args)) => status::run(context, args).await,
        Command::Task(TaskCommand::Stats(args)) => stats::run(context, args).await,
        Command::Task(TaskCommand::Errors(args)) => errors::run(context, args).await,
        Command::Type(_) => types::run(context).await,
        Command::Task(TaskCommand::Watch(args)) => watch::run(context, args).await,
        Command::Task(TaskCommand::Cancel(args)) => act::cancel(context, args).await,
        Command::Task(TaskCommand::Retry(args)) => act::retry(context, args).await,
        Command::Task(TaskCommand::History(args)) | Command::History(args) => {
            history::run(context, args).await
        }
        Command::Worker(_) => workers::run(context).await,
        Command::End2end(args) => end2end::run(context, args).await,
        // Handled above: they need no client.
        Command::Completions(_) | Command::Man(_) | Command::Serve(_) | Command::Dev(_) => Ok(Exit::Done),
    }
}
