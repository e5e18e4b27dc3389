//! The life of one batch: created, followed, and looked at once more where time ran out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use task_client::{Backoff, WatchItem, v1};
use task_domain::Status;
use tokio::time::{Instant, sleep, timeout_at};

use super::Run;
use super::tally::{Life, News};
use crate::exit::Result;
use crate::render::{status, when};

/// Tasks of a batch that have not ended.
type Open = HashMap<i64, Life>;

/// Takes a batch from its creation to the end of its last task, or of the time.
pub(super) async fn live(run: Arc<Run>, tasks: Vec<v1::TaskSpec>) -> Result {
    let mut open = create(&run, tasks).await?;
    if timeout_at(run.deadline, follow(&run, &mut open)).await.is_err() {
        tracing::debug!(open = open.len(), "time is over");
    }
    for (id, life) in open {
        look(&run, id, life).await;
    }
    Ok(())
}

/// Creates the tasks; those that were acknowledged are open. Fails only while nothing at all was
/// acknowledged yet: then it is the address that is wrong, not the service that fails.
async fn create(run: &Run, tasks: Vec<v1::TaskSpec>) -> Result<Open> {
    let count = tasks.len() as u64;
    run.tally().started.get_or_insert_with(Instant::now);
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
    let answer = loop {
        if Instant::now() >= run.deadline {
            run.tally().refuse(count, "the time was over before they were created".to_owned());
            return Ok(Open::new());
        }
        match run.context.client.create_batch(tasks.clone()).await {
            Ok(answer) => break answer,
            Err(error) if run.tally().created == 0 => return Err(error.into()),
            Err(error) if error.is_retryable() => {
                run.tally().news.push(News::Broken(error));
                sleep(backoff.pause()).await;
            }
            Err(error) => {
                run.tally().refuse(count, error.to_string());
                return Ok(Open::new());
            }
        }
    };
    let mut tally = run.tally();
    for warning in &answer.warnings {
        tally.warn(warning);
    }
    let mut open = Open::new();
    let unanswered = count.saturating_sub(answer.results.len() as u64);
    if unanswered > 0 {
        tally.refuse(unanswered, "the service gave no answer for them".to_owned());
    }
    for result in answer.results {
        match result.result {
            Some(v1::create_task_result::Result::Task(task)) => {
                let created = when::timestamp(task.created_at.as_ref());
                tally.acknowledge(created);
                if open.insert(task.id, Life { created, started: None }).is_some() {
                    tally.doubled += 1;
                }
            }
            Some(v1::create_task_result::Result::Error(error)) => tally.refuse(1, error.message),
            None => tally.refuse(1, "the service gave no answer for it".to_owned()),
        }
    }
    Ok(open)
}

/// Follows the open tasks until the last has ended.
async fn follow(run: &Run, open: &mut Open) {
    // By id, the watch shows every change, from the first.
    let mut watch =
        run.context.client.watch_tasks(open.keys().map(|&id| (id, 0)).collect::<BTreeMap<_, _>>());
    while !open.is_empty()
        && let Some(item) = watch.next().await
    {
        match item {
            Ok(WatchItem::Change(change)) => see(run, open, &change),
            Ok(WatchItem::Reconnecting { cause, .. }) => run.tally().news.push(News::Broken(cause)),
            Ok(WatchItem::Connected) => run.tally().news.push(News::Connected),
            Ok(WatchItem::Resync(_)) => {}
            Err(error) => {
                run.tally().news.push(News::Broken(error));
                return;
            }
        }
    }
}

fn see(run: &Run, open: &mut Open, change: &v1::TaskChange) {
    let Some(entry) = &change.entry else { return };
    let Some(life) = open.get_mut(&entry.task_id) else { return };
    let Some(status) = status::read(entry.status) else { return };
    let at = when::timestamp(entry.at.as_ref());
    let mut tally = run.tally();
    match status {
        Status::Running => match life.started {
            None => {
                life.started = at;
                if let Some(at) = at {
                    tally.start(*life, at);
                }
            }
            Some(_) => tally.retries += 1,
        },
        status if status.is_terminal() => {
            tally.end(*life, at, status, &entry.details);
            drop(tally);
            open.remove(&entry.task_id);
        }
        _ => {}
    }
}

/// Looks at a task whose end was not seen in time, a last time.
async fn look(run: &Run, id: i64, life: Life) {
    let found = run.context.client.get(id).await;
    let mut tally = run.tally();
    match found {
        Ok(answer) => {
            let task = answer.task.unwrap_or_default();
            let summary = task.summary.unwrap_or_default();
            match status::read(summary.status) {
                Some(status) if status.is_terminal() => {
                    tally.end(life, when::timestamp(summary.updated_at.as_ref()), status, &task.details);
                }
                _ => tally.lose(status::name(summary.status)),
            }
        }
        Err(task_client::Error::NotFound(_)) => tally.lose("NOT FOUND".to_owned()),
        Err(error) => tally.lose(format!("UNKNOWN ({error})")),
    }
}
