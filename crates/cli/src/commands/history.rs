//! `history`: every change of a task.

use futures::TryStreamExt;
use task_client::v1;

use super::Context;
use crate::args::OneId;
use crate::exit::{Exit, Result};
use crate::out::talk;
use crate::{parse, render};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    id: OneId,
    /// Only changes after this version
    #[arg(long, value_name = "VERSION", default_value_t = 0, allow_negative_numbers = true,
        value_parser = parse::number::<i32>(0..=i32::MAX.into()))]
    after: i32,
}

pub(super) async fn run(mut context: Context, args: Args) -> Result<Exit> {
    let entries = context.client.changes(args.id.get(), args.after).try_collect().await?;
    let answer = v1::GetTaskHistoryResponse { entries };
    if answer.entries.is_empty() && context.out.is_table() {
        talk(format_args!("No change after version {}.", args.after));
        return Ok(Exit::Done);
    }
    context.out.answer(&answer, |answer, color| render::history::show(&answer.entries, color))?;
    Ok(Exit::Done)
}
