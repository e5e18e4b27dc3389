//! `end2end`: many tasks through the whole service, each followed to its end.
//!
//! Tasks are created in batches and each batch is followed by its ids until its last task has
//! ended; only so many batches are under way at a time, so memory is bounded however many tasks
//! there are. Times are those of the service's history, so this machine's clock plays no part.

mod batch;
mod cancel;
mod chaos;
mod histogram;
mod mix;
mod progress;
mod report;
mod tally;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt, stream};
use task_client::{batches, v1};
use task_domain::Status;
use tokio::time::Instant;

use super::Context;
use crate::exit::{Exit, Failure, Result};
use crate::out::{talk, warn};
use crate::parse;
use crate::render::{status, text::grouped};
use mix::Mix;
use progress::Progress;
use report::Report;
use tally::Tally;

/// Most tasks in one create, and in one watch.
const BATCH: usize = 500;
/// Most batches under way.
const BATCHES: usize = 20;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Creates half run_query and half send_email tasks, so a worker that runs both has to be up. Exits with 0 only \
where every task was created once, ran and succeeded within the time. Tasks that were created and did not end \
in time, also after a last look at each, are counted as lost: give a large run a longer --timeout.

Ctrl-c cancels the run's tasks that have not ended.

With --chaos it uses no service that runs already: it starts a Postgres, servers and workers of its own, kills, \
stops and cuts them off under load, and checks what was promised.")]
pub(crate) struct Args {
    /// How many tasks, 1 to 10,000,000
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100, allow_negative_numbers = true,
        value_parser = parse::number::<u64>(1..=10_000_000))]
    num_tasks: u64,
    /// Time for all of it; a large number of tasks needs more
    #[arg(long, value_name = "DURATION", default_value = "3m", value_parser = parse::duration,
        allow_hyphen_values = true)]
    timeout: Duration,
    #[command(flatten)]
    mix: Mix,
    #[command(flatten)]
    chaos: chaos::Chaos,
}

/// What all batches of a run share.
struct Run {
    context: Context,
    tally: Mutex<Tally>,
    deadline: Instant,
    /// Starts the names of the run's tasks.
    tag: String,
    /// Their types.
    types: Vec<String>,
}

impl Run {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        // Counters stay good whoever panicked while counting.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn run(context: Context, args: Args) -> Result<Exit> {
    if args.chaos.is_wanted() {
        return args.chaos.run();
    }
    if args.timeout.is_zero() {
        return Err(Failure::Usage("--timeout must be longer than nothing".to_owned()));
    }
    let stop = super::signals::stop("cancelling what has not ended")?;
    tell_waiting(&context, args.mix.types()).await?;
    let start = Instant::now();
    let run = Arc::new(Run {
        context,
        tally: Mutex::default(),
        deadline: start + args.timeout,
        tag: mix::tag(),
        types: args.mix.types(),
    });
    let mut progress = Progress::new(args.num_tasks, run.context.out.is_table());
    let tasks = args.mix.tasks(args.num_tasks, &run.tag)?;
    let mut under_way = stream::iter(batches(tasks, BATCH))
        .map(|tasks| batch::live(run.clone(), tasks))
        .buffer_unordered(BATCHES);
    let mut tick = tokio::time::interval_at(start + progress.every(), progress.every());
    let mut link = super::follow::Link::default();
    loop {
        tokio::select! {
            ended = under_way.next() => match ended {
                Some(ended) => ended?,
                None => break,
            },
            () = stop.cancelled() => {
                drop(under_way);
                progress.clear();
                return cancel::rest(&run).await;
            }
            _ = tick.tick() => progress.show(&run.tally(), start.elapsed()),
        }
        let news = std::mem::take(&mut run.tally().news);
        for news in news {
            progress.aside(|| match news {
                tally::News::Warning(text) => warn(text),
                tally::News::Broken(cause) => link.reconnecting(&cause),
                tally::News::Connected => link.connected(),
            });
        }
    }
    drop(under_way);
    progress.clear();
    let stored = count_stored(&run).await;
    let Some(run) = Arc::into_inner(run) else {
        return Err(Failure::Other(anyhow::anyhow!("a batch is still under way")));
    };
    let tally = run.tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    let report = Report::new(args.num_tasks, tally, stored);
    let mut context = run.context;
    context.out.report(&report, |report, _| report.told())?;
    Ok(if report.full_success { Exit::Done } else { Exit::Failed })
}

/// Says how many tasks of these types are ahead of the run's own, which explains slow starts.
async fn tell_waiting(context: &Context, types: Vec<String>) -> Result {
    let counts = context.client.status_counts(types).await?.counts;
    let waits = |code: i32| matches!(status::read(code), Some(Status::Pending | Status::Retrying));
    let waiting: u64 = counts.iter().filter(|count| waits(count.status)).map(|count| count.count).sum();
    if waiting > 0 {
        let waiting = grouped(i64::try_from(waiting).unwrap_or(i64::MAX));
        talk(format_args!("Tasks of these types that are waiting already and may run first: {waiting}"));
    }
    Ok(())
}

/// How many tasks of this run the service lists: more than were acknowledged are duplicates, fewer
/// are missing. `None` where it cannot be asked any more.
async fn count_stored(run: &Run) -> Option<u64> {
    let (first, last) = run.tally().created_within?;
    // By type and time, which indexes serve; a search by name would read each page many times over.
    let filter = v1::TaskFilter {
        types: run.types.clone(),
        created_from: Some(task_proto::to_wire::timestamp(first)),
        created_until: Some(task_proto::to_wire::timestamp(last + Duration::from_micros(1))),
        ..Default::default()
    };
    let mut tasks = std::pin::pin!(run.context.client.tasks(filter));
    let mut count = 0;
    while let Some(task) = tasks.next().await {
        match task {
            Ok(task) => count += u64::from(task.name.starts_with(&run.tag)),
            Err(error) => {
                talk(format_args!("The tasks could not be counted at last: {error}"));
                return None;
            }
        }
    }
    Some(count)
}
