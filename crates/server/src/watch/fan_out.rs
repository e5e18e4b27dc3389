//! Reads changes once for all watches by filter and offers them to each.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use task_domain::ports::{Change, Result};
use task_domain::{HistoryEntry, TaskId, TaskSummary, Version};
use tokio::time::Instant;

use super::by_filter::Slot;
use super::hub::Hub;
use super::message::task_change;
use crate::Backend;
use crate::service::log;

/// Changes read at a time: few enough that a watch which keeps up has room for all of them.
const AT_A_TIME: usize = 128;
/// Most changes read in a second. More than anybody can look at; without a bound one open
/// dashboard would take from the workers what it costs to read every row they write.
const A_SECOND: u32 = 4_000;
/// The same while more comes than that: what is told then is a sample in any case.
const A_SECOND_OVERRUN: u32 = 500;
/// Tasks remembered between two reads, since most change several times within a short while.
const REMEMBERED: usize = 4_096;

/// Tells the watches by filter what they want to know, for ever.
pub(crate) async fn run<B: Backend>(hub: Arc<Hub<B>>, backend: B) {
    let mut tasks = HashMap::new();
    let mut next = Instant::now();
    loop {
        let changes = hub.backlog.take(AT_A_TIME).await;
        let slots = hub.registry.by_filter();
        if slots.is_empty() {
            tasks = HashMap::new();
            continue;
        }
        let wanted = |change: &Change| slots.iter().any(|slot| slot.may_want(change.status));
        let changes: Vec<_> = changes.into_iter().filter(wanted).collect();
        if changes.is_empty() {
            continue;
        }
        tokio::time::sleep_until(next).await;
        // Time not used is not saved up: a burst waits in the backlog.
        let a_second = if hub.backlog.is_overrun() { A_SECOND_OVERRUN } else { A_SECOND };
        let cost = Duration::from_secs(1) * u32::try_from(changes.len()).unwrap_or(1) / a_second;
        next = Instant::now() + cost;
        if let Err(error) = tell(&backend, &mut tasks, &slots, &changes).await {
            log(&error);
            for slot in slots.iter() {
                slot.miss_unread(changes.iter().map(|c| c.status), "the database could not be read");
            }
        }
    }
}

async fn tell<B: Backend>(
    backend: &B,
    tasks: &mut HashMap<TaskId, TaskSummary>,
    slots: &[Arc<Slot>],
    changes: &[Change],
) -> Result<()> {
    // Each by itself: between two changes of one task there may be more than fit into one answer.
    let before: BTreeSet<_> = changes.iter().map(|c| (c.task, Version(c.version.0 - 1))).collect();
    let changed: BTreeSet<_> = changes.iter().map(|c| c.task).collect();
    if tasks.len() > REMEMBERED {
        tasks.retain(|id, _| changed.contains(id));
    }
    let unknown: Vec<_> = changed.into_iter().filter(|id| !tasks.contains_key(id)).collect();
    let cursors: Vec<_> = before.into_iter().collect();
    let (found, entries) = futures::try_join!(
        async { if unknown.is_empty() { Ok(Vec::new()) } else { backend.summaries(&unknown).await } },
        backend.changes_since(&cursors, 1),
    )?;
    tasks.extend(found.into_iter().map(|task| (task.id, task)));

    let mut entries: HashMap<(TaskId, Version), HistoryEntry> =
        entries.into_iter().map(|e| ((e.task, e.version), e)).collect();
    for change in changes {
        let Some(entry) = entries.remove(&(change.task, change.version)) else { continue };
        let Some(task) = tasks.get(&change.task) else { continue };
        let takers: Vec<_> = slots.iter().filter(|slot| slot.wants(entry.status, task)).collect();
        if takers.is_empty() {
            continue;
        }
        let told = Arc::new(task_change(entry, task));
        for slot in takers {
            slot.offer(&told);
        }
    }
    Ok(())
}
