//! `task cancel` and `task retry`: an operator's actions on one or several tasks, or on all that meet
//! a filter.

use std::io::{IsTerminal, Write};

use task_client::{Client, Error, v1};

use super::Context;
use super::list::Filter;
use crate::args::Ids;
use crate::exit::{Exit, Failure, Result};
use crate::out::talk;
use crate::render;
use crate::render::message::Message;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    ids: Ids,
    /// Why, for the task's history: up to 255 characters
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    filter: Filter,
    /// All tasks that it may be done to; with filters, all of those that meet them
    #[arg(long)]
    all: bool,
    /// Do not ask first
    #[arg(short, long)]
    yes: bool,
}

/// What is done to all tasks that meet a filter.
#[derive(Clone, Copy, Debug)]
enum Bulk {
    Cancel,
    Retry,
}

impl Bulk {
    fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
        }
    }

    /// Refuses what the service would, before anybody is asked.
    fn check(self, filter: &v1::TaskFilter) -> Result<()> {
        let statuses = task_proto::from_wire::filter(filter.clone())?.statuses;
        let wrong = statuses.iter().find(|status| status.is_terminal() != matches!(self, Self::Retry));
        let hint = match self {
            Self::Cancel => "only tasks that have not ended can be cancelled",
            Self::Retry => "only tasks that have ended can be retried by hand",
        };
        wrong.map_or(Ok(()), |status| Err(Failure::Usage(format!("--status {status}: {hint}"))))
    }

    /// The statuses that the service means where none is given.
    fn statuses(self) -> Vec<i32> {
        match self {
            Self::Cancel => {
                vec![v1::Status::Pending.into(), v1::Status::Running.into(), v1::Status::Retrying.into()]
            }
            Self::Retry => vec![v1::Status::Failed.into()],
        }
    }
}

/// Does it to all that meet the filter, after the number was shown and agreed to.
async fn bulk(mut context: Context, bulk: Bulk, args: Args) -> Result<Exit> {
    if !args.ids.get().is_empty() {
        return Err(Failure::Usage("give either ids or filters, not both".to_owned()));
    }
    let mut filter = args.filter.to_wire()?;
    bulk.check(&filter)?;
    if filter.statuses.is_empty() {
        filter.statuses = bulk.statuses();
    }
    let reason = args.reason.unwrap_or_default();
    task_proto::from_wire::reason(reason.clone())?;
    let word = bulk.word();
    let found = context.client.count(filter.clone()).await?;
    let count = format!("{}{} tasks", if found.more { "more than " } else { "" }, found.count);
    if found.count == 0 && !found.more {
        talk("No such tasks.");
        return Ok(Exit::Done);
    }
    if !args.yes && !agreed(&format!("{word} {count}?"))? {
        return Err(Failure::Usage(format!(
            "nothing was done; {count} meet the filter: --yes to {word} them"
        )));
    }
    let shows = std::io::stderr().is_terminal();
    let told = |progress: v1::BulkProgress| {
        if shows {
            talk(format_args!("{} of {count} done", progress.changed));
        }
    };
    let done = match bulk {
        Bulk::Cancel => context.client.cancel_all(filter, &reason, told).await?,
        Bulk::Retry => context.client.retry_all(filter, &reason, told).await?,
    };
    context.out.answer(&done, |done, _| {
        let moved = done.matched - done.changed;
        let rest = if moved > 0 { format!("; {moved} had moved on before") } else { String::new() };
        format!("{word}: {} tasks{rest}", done.changed)
    })?;
    Ok(Exit::Done)
}

/// Asks on a terminal; without one nobody can agree.
fn agreed(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
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
    if args.all || !args.filter.is_empty() {
        return bulk(context, Bulk::Cancel, args).await;
    }
    each(context, args, async |client, id, reason| client.cancel(id, reason).await).await
}

pub(super) async fn retry(context: Context, args: Args) -> Result<Exit> {
    if args.all || !args.filter.is_empty() {
        return bulk(context, Bulk::Retry, args).await;
    }
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
        return Err(Failure::Usage(
            "no task is named; give --id N, or a filter such as --type T, or --all".to_owned(),
        ));
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
