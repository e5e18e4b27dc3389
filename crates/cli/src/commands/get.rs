//! `task get`: one task in full.

use super::Context;
use crate::args::OneId;
use crate::exit::{Exit, Result};
use crate::render;

pub(super) async fn run(mut context: Context, id: OneId) -> Result<Exit> {
    let answer = context.client.get(id.get()).await?;
    context.out.answer(&answer, |answer, _| render::task::show(answer))?;
    Ok(Exit::Done)
}
