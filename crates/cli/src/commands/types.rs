//! `type list`: the types of task.

use super::Context;
use crate::exit::{Exit, Result};
use crate::out::talk;
use crate::render;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// What to do [default: list]
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Show the types, with the parameters each one takes
    #[command(visible_alias = "l", alias = "ls")]
    List,
}

pub(super) async fn run(mut context: Context, args: &Args) -> Result<Exit> {
    match args.action {
        Some(Action::List) | None => {}
    }
    let answer = context.client.types().await?;
    if answer.types.is_empty() && context.out.is_table() {
        talk("No types yet; start a worker with `task-cli serve`.");
        return Ok(Exit::Done);
    }
    context.out.answer(&answer, render::stats::types)?;
    Ok(Exit::Done)
}
