//! `worker list`: the live workers.

use super::Context;
use crate::exit::{Exit, Result};
use crate::out::talk;
use crate::render;

pub(super) async fn run(mut context: Context) -> Result<Exit> {
    let answer = context.client.workers().await?;
    if answer.workers.is_empty() && context.out.is_table() {
        talk("No worker is running; start one with `task-cli serve`.");
        return Ok(Exit::Done);
    }
    context.out.answer(&answer, |answer, color| render::workers::show(&answer.workers, color))?;
    Ok(Exit::Done)
}
