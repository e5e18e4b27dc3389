//! `task cancel` and `task retry`: an operator's actions on one or several tasks.

use task_client::{Client, Error, v1};

use super::Context;
use crate::args::Ids;
use crate::exit::{Exit, Failure, Result};
use crate::render;
use crate::render::message::Message;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    ids: Ids,
    /// Why, for the task's history: up to 255 characters
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// An answer that shows how a task stands now.
trait Acted: Message {
    fn task(&self) -> Option<&v1::TaskSummary>;
}

impl Acted for v1::CancelTaskResponse {
    fn task(&self) -> Option<&v1::TaskSummary> {
        self.task.as_ref()
    }
}

impl Acted for v1::RetryTaskResponse {
    fn task(&self) -> Option<&v1::TaskSummary> {
        self.task.as_ref()
    }
}

pub(super) async fn cancel(context: Context, args: Args) -> Result<Exit> {
    each(context, args, async |client, id, reason| client.cancel(id, reason).await).await
}

pub(super) async fn retry(context: Context, args: Args) -> Result<Exit> {
    each(context, args, async |client, id, reason| client.retry(id, reason).await).await
}

/// Does it for each task. One that is refused does not keep the others from it; the exit code is
/// that of the worst answer.
async fn each<A: Acted>(
    mut context: Context,
    args: Args,
    act: impl AsyncFn(&Client, i64, &str) -> std::result::Result<A, Error>,
) -> Result<Exit> {
    let ids = args.ids.get();
    if ids.is_empty() {
        return Err(Failure::Usage("no task is named; give --id N".to_owned()));
    }
    let reason = args.reason.unwrap_or_default();
    task_proto::from_wire::reason(reason.clone())?;
    let mut worst = Exit::Done;
    let mut done = Vec::new();
    for id in ids {
        match act(&context.client, id, &reason).await {
            Ok(answer) if context.out.is_table() => done.extend(answer.task().cloned()),
            Ok(answer) => context.out.answer(&answer, |_, _| String::new())?,
            Err(error) => {
                let failure = Failure::from(error);
                worst = worst.max(failure.report());
                if failure.exit() == Exit::Unreachable {
                    break;
                }
            }
        }
    }
    if !done.is_empty() {
        let color = context.out.has_color();
        context.out.text(render::tasks::show(&done, color))?;
    }
    Ok(worst)
}
