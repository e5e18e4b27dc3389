//! I3 to I6: what histories tell.

use task_domain::Status;

use super::{Allowed, tell};
use crate::evidence::{Change, Evidence, Task};
use crate::figures::Outcome;

/// What a record says that takes a task back from a worker that was lost for the last time.
const TOO_MANY_LOSSES: &str = "its worker was lost ";

pub(super) fn judge(outcome: &mut Outcome, evidence: &Evidence, allowed: Allowed) {
    let (mut ends, mut steps, mut stale, mut attempts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, task) in &evidence.tasks {
        for (place, change) in task.changes.iter().enumerate() {
            let before = place.checked_sub(1).map(|place| &task.changes[place]);
            let told = || describe(*id, before, change);
            if usize::try_from(change.version) != Ok(place + 1) || !is_allowed(before, change) {
                steps.push(told());
            }
            if before.is_some_and(|before| before.status.is_terminal())
                && !(allowed.retries_by_hand && is_retry(change))
            {
                ends.push(told());
            }
            if is_outcome(change) && !is_of_its_holder(before, change) {
                stale.push(told());
            }
        }
        if !allowed.retries_by_hand
            && let Some(wrong) = beyond(task)
        {
            attempts.push(format!("task {id} {wrong}"));
        }
    }
    outcome.totals.changes += evidence.changes().count() as u64;
    outcome.totals.second_terminals += ends.len() as u64;
    outcome.totals.illegal_steps += steps.len() as u64;
    outcome.totals.stale_accepted += stale.len() as u64;
    tell(outcome, "I3", &ends);
    tell(outcome, "I4", &steps);
    tell(outcome, "I5", &stale);
    tell(outcome, "I6", &attempts);
}

fn describe(id: i64, before: Option<&Change>, change: &Change) -> String {
    let word = |change: &Change| {
        let worker = change.worker.map_or_else(|| "nobody".to_owned(), |worker| format!("worker {worker}"));
        format!("{:?} of attempt {} by {worker}", change.status, change.attempt)
    };
    let before = before.map_or_else(|| "nothing".to_owned(), word);
    format!("task {id}, version {}: {} after {before}", change.version, word(change))
}

fn is_allowed(before: Option<&Change>, change: &Change) -> bool {
    Status::may_follow(before.map(|before| before.status), change.status)
}

fn is_retry(change: &Change) -> bool {
    change.status == Status::Pending && change.worker.is_none()
}

/// Whether a worker wrote it, to tell what came of an attempt.
fn is_outcome(change: &Change) -> bool {
    let taken_back = change.details.as_deref().is_some_and(|details| details.starts_with(TOO_MANY_LOSSES));
    matches!(change.status, Status::Succeeded | Status::Retrying | Status::Failed) && !taken_back
}

/// Whether the attempt it tells of was the one before it, of the same worker, under a fence of that
/// worker: the upper half of an epoch is its worker's id.
fn is_of_its_holder(before: Option<&Change>, change: &Change) -> bool {
    before.is_some_and(|before| {
        before.status == Status::Running
            && before.worker == change.worker
            && before.attempt == change.attempt
            && change.epoch.is_none_or(|epoch| Some(epoch >> 32) == change.worker)
    })
}

/// What is wrong with a task's attempts.
fn beyond(task: &Task) -> Option<String> {
    let count = |status: Status| task.changes.iter().filter(|change| change.status == status).count();
    let most = task.changes.iter().map(|change| change.attempt).max().unwrap_or_default();
    if most > task.retries + 1 {
        return Some(format!("has attempt {most} with {} retries", task.retries));
    }
    let put_back = count(Status::Pending).saturating_sub(1);
    let (starts, failures) = (count(Status::Running), count(Status::Retrying));
    (starts > 1 + failures + put_back).then(|| {
        format!("was started {starts} times, tried again {failures} times and put back {put_back} times")
    })
}
