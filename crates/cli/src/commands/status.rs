//! `task status`: how many tasks stand where.

use super::Context;
use crate::exit::{Exit, Result};
use crate::render;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Only tasks of this type; may be given several times
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
}

pub(super) async fn run(mut context: Context, args: Args) -> Result<Exit> {
    task_proto::from_wire::kinds(args.types.clone())?;
    let answer = context.client.status_counts(args.types).await?;
    context.out.answer(&answer, render::counts::show)?;
    Ok(Exit::Done)
}
