//! I13: side effects and outcomes belong together.

use std::collections::HashMap;

use task_domain::Status;

use super::tell;
use crate::evidence::{Evidence, Execution};
use crate::figures::Outcome;

pub(super) fn judge(outcome: &mut Outcome, evidence: &Evidence) {
    let mut wrong: Vec<String> = evidence
        .started_twice
        .iter()
        .map(|e| format!("task {} was started twice under fence {}", e.task, e.epoch))
        .collect();
    let mut by_task: HashMap<i64, Vec<&Execution>> = HashMap::new();
    for execution in &evidence.executions {
        by_task.entry(execution.task).or_default().push(execution);
    }
    for (id, change) in evidence.changes() {
        if change.status != Status::Succeeded {
            continue;
        }
        let executions = by_task.get(&id).map_or(&[][..], Vec::as_slice);
        let Some(epoch) = change.epoch else {
            wrong.push(format!("task {id} succeeded without the fence of its execution"));
            continue;
        };
        let its = executions.iter().find(|e| e.epoch == epoch && e.attempt == change.attempt);
        match its {
            None => {
                wrong
                    .push(format!("task {id} succeeded under fence {epoch}, of which no execution is noted"));
            }
            Some(execution) if execution.ended.is_none() => {
                wrong.push(format!("task {id} succeeded by an execution that did not end"));
            }
            Some(_) => {}
        }
    }
    outcome.figure("executions", evidence.executions.len());
    outcome.figure("executed_again", again(&by_task));
    outcome.figure("executions_cut_off", evidence.executions.iter().filter(|e| e.ended.is_none()).count());
    tell(outcome, "I13", &wrong);
}

/// Executions beyond the first of an attempt: what at-least-once costs.
fn again(by_task: &HashMap<i64, Vec<&Execution>>) -> usize {
    let distinct = |executions: &Vec<&Execution>| {
        executions.iter().map(|e| e.attempt).collect::<std::collections::HashSet<_>>().len()
    };
    by_task.values().map(|executions| executions.len() - distinct(executions)).sum()
}
