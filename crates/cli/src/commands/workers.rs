//! `worker list`: the live workers.

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
    /// Show the live workers, with the types each one runs
    #[command(visible_alias = "l", alias = "ls")]
    List,
}

pub(super) async fn run(mut context: Context, args: &Args) -> Result<Exit> {
    match args.action {
        Some(Action::List) | None => {}
    }
    let answer = context.client.workers().await?;
    if answer.workers.is_empty() && context.out.is_table() {
        talk("No worker is running; start one with `task-cli serve`.");
        return Ok(Exit::Done);
    }
    context.out.answer(&answer, |answer, color| render::workers::show(&answer.workers, color))?;
    Ok(Exit::Done)
}
