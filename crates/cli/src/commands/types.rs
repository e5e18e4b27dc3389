//! `type list`: the types of task.

use super::Context;
use crate::exit::{Exit, Result};
use crate::out::talk;
use crate::render;

pub(super) async fn run(mut context: Context) -> Result<Exit> {
    let answer = context.client.types().await?;
    if answer.types.is_empty() && context.out.is_table() {
        talk("No types yet; start a worker with `task-cli serve`.");
        return Ok(Exit::Done);
    }
    context.out.answer(&answer, render::stats::types)?;
    Ok(Exit::Done)
}
