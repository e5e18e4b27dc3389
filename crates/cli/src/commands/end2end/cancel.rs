//! A run that is stopped takes back what has not ended, so that nobody works on it for nothing.

use std::time::Duration;

use futures::StreamExt;
use task_client::{Error, v1};
use task_domain::Status;

use super::Run;
use crate::exit::{Exit, Result};
use crate::out::talk;

/// Cancels under way at a time.
const AT_A_TIME: usize = 20;
/// How far the service's time of a task may lie before that of one that was acknowledged earlier.
const SLACK: Duration = Duration::from_mins(1);

/// Cancels the run's tasks that have not ended, and says how many those were.
pub(super) async fn rest(run: &Run) -> Result<Exit> {
    let (created, finished, first) = {
        let tally = run.tally();
        (tally.created, tally.finished(), tally.created_within.map(|(first, _)| first))
    };
    let open = [Status::Pending, Status::Running, Status::Retrying];
    let filter = v1::TaskFilter {
        statuses: open.map(|status| v1::Status::from(status).into()).to_vec(),
        types: run.types.clone(),
        created_from: first.map(|at| task_proto::to_wire::timestamp(at - SLACK)),
        ..Default::default()
    };
    let client = &run.context.client;
    let own = client.tasks(filter).filter_map(|task| async move {
        match task {
            Ok(task) => task.name.starts_with(&run.tag).then_some(Ok(task.id)),
            Err(error) => Some(Err(error)),
        }
    });
    let mut cancels = std::pin::pin!(
        own.map(|id| async move { client.cancel(id?, "the run was stopped").await })
            .buffer_unordered(AT_A_TIME)
    );
    let mut cancelled = 0u64;
    while let Some(done) = cancels.next().await {
        match done {
            Ok(_) => cancelled += 1,
            // It has ended meanwhile.
            Err(Error::Refused(_) | Error::NotFound(_)) => {}
            Err(error) => {
                talk(format_args!(
                    "Not all could be cancelled; to see what is left: task-cli task list --name {}",
                    run.tag
                ));
                return Err(error.into());
            }
        }
    }
    talk(format_args!("Stopped: {created} created, {finished} ended before, {cancelled} cancelled."));
    Ok(Exit::Failed)
}
