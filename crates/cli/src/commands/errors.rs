//! `task errors`: what attempts failed with, grouped.

use std::time::Duration;

use task_client::v1;
use task_proto::{from_wire, to_wire};

use super::Context;
use crate::exit::{Exit, Result};
use crate::out::talk;
use crate::{parse, render};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// How far back, such as 2h, in whole hours begun: up to 90 days
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = parse::duration, allow_hyphen_values = true)]
    window: Duration,
    /// Only tasks of this type; may be given several times
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// At most so many groups, 1 to 1,000
    #[arg(short = 'c', long, value_name = "N", default_value_t = 20, allow_negative_numbers = true,
        value_parser = parse::number::<u32>(1..=1_000))]
    count: u32,
}

pub(super) async fn run(mut context: Context, args: Args) -> Result<Exit> {
    let window = Some(to_wire::duration(args.window));
    from_wire::window(window, task_domain::Window::day())?;
    from_wire::kinds(args.types.clone())?;
    let request = v1::ListErrorsRequest { window, types: args.types, limit: args.count };
    let answer = context.client.errors(request).await?;
    if answer.groups.is_empty() && context.out.is_table() {
        talk("No errors; new ones are shown after about a minute.");
        return Ok(Exit::Done);
    }
    context.out.answer(&answer, render::stats::errors)?;
    Ok(Exit::Done)
}
