//! Evidence that is broken on purpose: each invariant has to notice.

use task_domain::Status::{self, Failed, Pending, Retrying, Running, Succeeded};

use super::*;
use crate::evidence::{Change, Execution, Task};
use crate::load::{Ack, Followed};

const EPOCH: i64 = (7 << 32) | 3;

fn change(version: i32, status: Status, attempt: i32, worker: Option<i64>) -> Change {
    let epoch = (status == Succeeded).then_some(EPOCH);
    Change { version, attempt, status, worker, at: 0, due: None, details: None, epoch }
}

/// Task 1, acknowledged, tried twice, followed and succeeded.
fn sound() -> Evidence {
    let changes = vec![
        change(1, Pending, 0, None),
        change(2, Running, 1, Some(7)),
        change(3, Retrying, 1, Some(7)),
        change(4, Running, 2, Some(7)),
        change(5, Succeeded, 2, Some(7)),
    ];
    let mut evidence = Evidence::default();
    evidence.tasks.insert(1, Task { key: Some("k".to_owned()), retries: 3, changes });
    evidence.log.acks.push(Ack { key: "k".to_owned(), id: 1 });
    let versions = vec![1, 2, 3, 4, 5];
    evidence.log.followed.push(Followed { id: 1, versions, ended: true, at: 0 });
    let first = Execution { task: 1, attempt: 1, epoch: EPOCH - 1, started: 0, ended: Some(1) };
    evidence.executions = vec![first, Execution { attempt: 2, epoch: EPOCH, ..first }];
    evidence
}

fn judged(evidence: &Evidence) -> Outcome {
    let mut outcome = Outcome::default();
    judge(&mut outcome, evidence, Allowed::default());
    outcome
}

/// The invariants that notice what `spoil` does.
fn noticed(spoil: impl FnOnce(&mut Evidence)) -> Vec<String> {
    let mut evidence = sound();
    spoil(&mut evidence);
    let told = judged(&evidence).violations;
    let mut names: Vec<_> = told.iter().filter_map(|text| Some(text.split_once(':')?.0.to_owned())).collect();
    names.dedup();
    names
}

fn changes(evidence: &mut Evidence) -> &mut Vec<Change> {
    &mut evidence.tasks.get_mut(&1).unwrap().changes
}

#[test]
fn sound_evidence_is_found_sound() {
    let outcome = judged(&sound());
    assert_eq!(outcome.violations, Vec::<String>::new());
    assert_eq!((outcome.totals.acknowledged, outcome.totals.changes), (1, 5));
}

#[test]
fn what_was_acknowledged_and_is_gone_is_noticed() {
    assert_eq!(noticed(|e| e.log.acks.push(Ack { key: "x".to_owned(), id: 9 })), ["I1"]);
    assert_eq!(noticed(|e| e.tasks.get_mut(&1).unwrap().key = Some("other".to_owned())), ["I1"]);
}

#[test]
fn a_key_with_two_tasks_is_noticed() {
    let double = |e: &mut Evidence| {
        let task = e.tasks[&1].clone();
        e.tasks.insert(2, Task { changes: task.changes[..1].to_vec(), ..task });
    };
    assert_eq!(noticed(double), ["I2"]);
    let answered = |e: &mut Evidence| {
        double(e);
        e.log.acks.push(Ack { key: "k".to_owned(), id: 2 });
    };
    assert_eq!(noticed(answered), ["I2"]);
}

#[test]
fn a_life_after_the_end_is_noticed() {
    assert_eq!(noticed(|e| changes(e).push(change(6, Pending, 2, None))), ["I3"]);
    assert!(noticed(|e| changes(e).push(change(6, Succeeded, 2, Some(7)))).contains(&"I3".to_owned()));
}

#[test]
fn gaps_and_steps_that_are_not_allowed_are_noticed() {
    assert!(noticed(|e| drop(changes(e).remove(2))).contains(&"I4".to_owned()));
    assert!(noticed(|e| changes(e)[4].version = 9).contains(&"I4".to_owned()));
    assert!(noticed(|e| changes(e)[1].status = Failed).contains(&"I4".to_owned()));
}

#[test]
fn an_outcome_of_somebody_else_is_noticed() {
    assert_eq!(noticed(|e| changes(e)[4].worker = Some(8)), ["I5"]);
    assert_eq!(noticed(|e| changes(e)[3].worker = Some(8)), ["I5"]);
    assert_eq!(noticed(|e| changes(e)[4].attempt = 1), ["I5", "I13"]);
    assert_eq!(noticed(|e| changes(e)[4].epoch = Some((8 << 32) | 3)), ["I5", "I13"]);
}

#[test]
fn an_attempt_too_many_is_noticed() {
    assert_eq!(noticed(|e| e.tasks.get_mut(&1).unwrap().retries = 0), ["I6"]);
}

#[test]
fn a_watch_with_a_hole_or_without_its_end_is_noticed() {
    assert_eq!(noticed(|e| e.log.followed[0].versions.retain(|version| *version != 3)), ["I9"]);
    assert_eq!(noticed(|e| e.log.followed[0].versions.swap(1, 2)), ["I9"]);
    assert_eq!(noticed(|e| e.log.followed[0].versions.truncate(4)), ["I9"]);
    assert_eq!(noticed(|e| e.log.followed[0].ended = false), ["I9"]);
}

#[test]
fn outcomes_without_their_execution_are_noticed() {
    assert_eq!(noticed(|e| e.executions.truncate(1)), ["I13"]);
    assert_eq!(noticed(|e| e.executions[1].ended = None), ["I13"]);
    assert_eq!(noticed(|e| e.started_twice.push(e.executions[0])), ["I13"]);
    assert_eq!(noticed(|e| changes(e)[4].epoch = None), ["I13"]);
}
