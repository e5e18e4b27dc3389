//! `task watch`: tasks as they change.

use std::time::Duration;

use futures::StreamExt;
use task_client::{WatchItem, v1};

use super::list::Filter;
use super::{Context, follow};
use crate::args::Ids;
use crate::exit::{Exit, Failure, Result};
use crate::out::{Out, stderr_is_terminal, talk};
use crate::render;

mod rates;

use rates::Rates;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
With ids, follows these tasks from their start until all have ended; the exit code tells how: 0 where \
all succeeded, 1 otherwise. Without, follows all tasks that meet the filter, from now on. Both go on \
after the server was restarted.")]
pub(crate) struct Args {
    #[command(flatten)]
    ids: Ids,
    #[command(flatten)]
    filter: Filter,
}

pub(super) async fn run(context: Context, args: Args) -> Result<Exit> {
    let ids = args.ids.get();
    if ids.is_empty() {
        return all(context, args.filter.to_wire()?).await;
    }
    if !args.filter.is_empty() {
        return Err(Failure::Usage("give either ids or filters, not both".to_owned()));
    }
    if ids.len() > task_domain::limits::WATCH_TASKS {
        let most = task_domain::limits::WATCH_TASKS;
        return Err(Failure::Usage(format!("{} ids; at most {most} can be followed at once", ids.len())));
    }
    some(context, &ids).await
}

/// Follows tasks by id to their ends, showing their changes and, of a single one, its result.
pub(super) async fn some(mut context: Context, ids: &[i64]) -> Result<Exit> {
    let out = &mut context.out;
    let ends = follow::to_the_end(&context.client, ids, |change| show(out, change)).await?;
    if let [id] = ids
        && out.is_table()
    {
        // Watches leave results out.
        let result = context.client.get(*id).await?.task.map(|t| t.result).unwrap_or_default();
        if !result.is_empty() {
            let result = render::text::clean(&render::pretty::indent(&result), true);
            out.text(format_args!("Result: {result}"))?;
        }
    }
    Ok(follow::exit(&ends))
}

/// Follows all tasks that meet the filter, with their rates where a terminal can show them.
async fn all(mut context: Context, filter: v1::TaskFilter) -> Result<Exit> {
    let mut link = follow::Link::default();
    let mut rates = (context.out.is_table() && stderr_is_terminal()).then(Rates::new);
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    let mut watch = context.client.watch_filter(filter);
    loop {
        let item = tokio::select! {
            item = watch.next() => item,
            _ = tick.tick(), if rates.is_some() => {
                if let Some(rates) = &mut rates {
                    rates.draw();
                }
                continue;
            }
        };
        let Some(item) = item else { return Ok(Exit::Done) };
        let out = &mut context.out;
        match item? {
            WatchItem::Connected => with_bar(rates.as_ref(), || link.connected()),
            WatchItem::Reconnecting { cause, .. } => with_bar(rates.as_ref(), || link.reconnecting(&cause)),
            WatchItem::Resync(resync) => with_bar(rates.as_ref(), || tell_resync(&resync)),
            WatchItem::Change(change) => {
                if let (Some(rates), Some(entry)) = (&mut rates, &change.entry) {
                    rates.count(entry);
                }
                with_bar(rates.as_ref(), || show(out, change))?;
            }
        }
    }
}

/// Writes while the line of rates, if there is one, is out of the way.
fn with_bar<T>(rates: Option<&Rates>, write: impl FnOnce() -> T) -> T {
    match rates {
        Some(rates) => rates.aside(write),
        None => write(),
    }
}

fn show(out: &mut Out, change: v1::TaskChange) -> Result {
    let event = v1::watch_tasks_response::Event::Change(change);
    let event = v1::WatchTasksResponse { event: Some(event) };
    out.event(&event, |event| match &event.event {
        Some(v1::watch_tasks_response::Event::Change(change)) => render::change::line(change),
        _ => String::new(),
    })?;
    Ok(())
}

fn tell_resync(resync: &v1::Resync) {
    let many = match resync.missed {
        0 => "some changes".to_owned(),
        1 => "1 change".to_owned(),
        n => format!("{n} changes"),
    };
    talk(format_args!("Left out {many}: {}.", render::text::clean(&resync.reason, false)));
}
