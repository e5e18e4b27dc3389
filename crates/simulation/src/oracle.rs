//! What must hold, whatever has happened.

use std::collections::BTreeMap;

use task_domain::status::TRANSITIONS;
use task_domain::{Cause, Status, limits};

use crate::tables::{Entry, Place, Tables};

/// What is wrong with change `n`, looked at right after it was made.
pub fn look(tables: &Tables, n: usize) -> Vec<String> {
    let entry = &tables.history[n];
    let before = tables.history[..n].iter().rev().find(|e| e.task == entry.task);
    let mut wrong = Vec::new();
    let mut say = |what: &str| wrong.push(format!("task {}, version {}: {what}", entry.task, entry.version));
    if entry.version != before.map_or(1, |e| e.version + 1) {
        say("its history has a gap");
    }
    if !TRANSITIONS.contains(&(before.map(|e| e.status), entry.status, entry.cause)) {
        say(&format!("{:?} follows {:?} by {:?}", entry.status, before.map(|e| e.status), entry.cause));
    }
    // A claim's fence is that of its history row; a write under it has to follow right after.
    let is_written = entry.epoch.is_some() && entry.cause != Cause::Claimed;
    if let Some(running) = before
        && is_written
        && (running.epoch, running.attempt, running.worker) != (entry.epoch, entry.attempt, entry.worker)
    {
        say("an outcome was accepted that is not its fence holder's");
    }
    if let (Some(result), Some(epoch)) = (&entry.result, entry.epoch)
        && *result != epoch.to_string()
    {
        say("a result was accepted from another claim");
    }
    let lives = |worker: Option<i64>| worker.and_then(|w| tables.workers.get(&w)).is_some_and(|w| !w.ended);
    if entry.cause == Cause::LeaseLost && lives(entry.worker) {
        say("it was taken back from a worker that was not ended");
    }
    if entry.cause == Cause::Claimed && !lives(entry.worker) {
        say("it was given to a worker that was ended");
    }
    if is_written && !lives(entry.worker) {
        say("a worker that was ended wrote to it");
    }
    wrong
}

/// What a run has promised.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    /// The keys of submits, with the ids that were acknowledged.
    pub acknowledged: BTreeMap<String, Vec<i64>>,
    /// Attempts that plugins started: task, attempt and claim.
    pub starts: Vec<(i64, u32, i64)>,
}

/// What is wrong after a run, when nothing goes wrong any more and time enough has passed.
pub fn judge(tables: &Tables, promises: &Promises) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, ids) in &promises.acknowledged {
        if ids.iter().any(|id| !tables.tasks.contains_key(id)) {
            wrong.push(format!("task {ids:?} of key {key} was acknowledged and is not there"));
        }
        if ids.iter().any(|id| *id != ids[0]) {
            wrong.push(format!("key {key} made several tasks: {ids:?}"));
        }
    }
    if promises.acknowledged.len() != tables.tasks.len() {
        wrong.push(format!("{} keys made {} tasks", promises.acknowledged.len(), tables.tasks.len()));
    }
    for id in tables.tasks.keys() {
        judge_task(tables, promises, *id, &mut wrong);
    }
    wrong
}

fn judge_task(tables: &Tables, promises: &Promises, id: i64, wrong: &mut Vec<String>) {
    let row = &tables.tasks[&id];
    let history: Vec<&Entry> = tables.history.iter().filter(|e| e.task == id).collect();
    let mut say = |what: String| wrong.push(format!("task {id}: {what}"));
    if !row.status.is_terminal() || row.place != Place::Finished {
        say(format!("it has not ended: {:?}, {:?}", row.status, row.place));
    }
    if history.last().map(|e| (e.status, e.version)) != Some((row.status, row.version)) {
        say("its newest history row is another one than where it stands".to_owned());
    }
    let versions: Vec<i32> = history.iter().map(|e| e.version).collect();
    if versions != (1..=row.version).collect::<Vec<_>>() {
        say(format!("its versions are {versions:?}"));
    }
    let count = |cause: Cause| history.iter().filter(|e| e.cause == cause).count();
    let lives = 1 + count(Cause::RetriedByHand);
    let ends = history.iter().filter(|e| e.status.is_terminal()).count();
    if ends > lives {
        say(format!("it ended {ends} times in {lives} lives"));
    }
    let most = (row.retries as usize + 1) * lives;
    let failed = count(Cause::AttemptFailed) + count(Cause::GaveUp);
    if failed > most {
        say(format!("{failed} attempts failed, {most} were allowed"));
    }
    if row.attempt as usize > most {
        say(format!("it had {} attempts, {most} were allowed", row.attempt));
    }
    let losses = history.iter().filter(|e| e.cause == Cause::LeaseLost).count();
    let killed = history.iter().filter(|e| e.cause == Cause::LeaseLost && e.status == Status::Failed).count();
    let killer = row.lost_alone > 0 || row.crashes >= 2 * limits::CRASHES;
    if row.crashes > 2 * limits::CRASHES || killer && killed == 0 {
        say(format!("it lost {} workers of {losses}", row.crashes));
    }
    // Only a claim that the database has may start an attempt, or one that a crash has undone.
    let mut starts: Vec<_> = promises.starts.iter().filter(|(task, _, _)| *task == id).collect();
    let all = starts.len();
    starts.sort_unstable();
    starts.dedup();
    if starts.len() != all {
        say("an attempt was started twice under one claim".to_owned());
    }
}
