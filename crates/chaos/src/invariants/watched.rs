//! I9: who follows a task misses nothing.

use std::collections::HashMap;

use super::tell;
use crate::evidence::Evidence;
use crate::figures::Outcome;

pub(super) fn judge(outcome: &mut Outcome, evidence: &Evidence) {
    let mut wrong = Vec::new();
    let newest: HashMap<_, _> =
        evidence.tasks.iter().filter_map(|(id, task)| Some((*id, task.changes.last()?))).collect();
    for followed in &evidence.log.followed {
        let id = followed.id;
        let expected: Vec<i32> = (1..).take(followed.versions.len()).collect();
        if followed.versions != expected {
            wrong.push(format!("who followed task {id} saw the versions {:?}", followed.versions));
            continue;
        }
        // A task that is not there is told by I1.
        let Some(newest) = newest.get(&id).filter(|newest| newest.status.is_terminal()) else { continue };
        let last = followed.versions.last().copied().unwrap_or(0);
        if last != newest.version {
            wrong.push(format!("who followed task {id} saw {last} of {} versions", newest.version));
        } else if !followed.ended {
            wrong.push(format!("who followed task {id} was not told that it had ended"));
        }
    }
    outcome.figure("followed", evidence.log.followed.len());
    tell(outcome, "I9", &wrong);
}
