//! `task stats`: what happened over time, and what is wrong.

use std::time::Duration;

use task_client::v1;
use task_proto::{from_wire, to_wire};

use super::Context;
use crate::exit::{Exit, Result};
use crate::out::talk;
use crate::{parse, render};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// How far back, such as 24h: 1 minute to 90 days
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse::duration, allow_hyphen_values = true)]
    window: Duration,
    /// Only tasks of this type; may be given several times
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// Only tasks of this queue; may be given several times
    #[arg(long = "queue", value_name = "QUEUE", value_delimiter = ',')]
    queues: Vec<String>,
}

pub(super) async fn run(mut context: Context, args: Args) -> Result<Exit> {
    let window = Some(to_wire::duration(args.window));
    from_wire::window(window, task_domain::Window::default())?;
    from_wire::kinds(args.types.clone())?;
    from_wire::queues(args.queues.clone())?;
    let request = v1::GetStatsRequest { window, types: args.types, queues: args.queues };
    let answer = context.client.stats(request).await?;
    context.out.answer(&answer, render::stats::show)?;
    if context.out.is_table() {
        for problem in context.client.problems().await?.problems {
            talk(format_args!("{}", render::stats::problem(&problem)));
        }
    }
    Ok(Exit::Done)
}
