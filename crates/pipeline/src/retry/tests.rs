use futures::stream;
use proptest::prelude::*;
use task_domain::{Claimed, Epoch, Kind, Lease, Name, Payload, Retries, TaskId, TaskResult};

use super::*;

fn executed(outcome: Outcome, failures: u32, retries: u32) -> Executed {
    let claimed = Claimed {
        lease: Lease { task: TaskId::new(1).unwrap(), attempt: failures + 1, epoch: Epoch::from_store(1) },
        name: Name::new("task").unwrap(),
        kind: Kind::new("kind").unwrap(),
        payload: Payload::default(),
        retries: Retries::new(retries).unwrap(),
        failures,
        backoff: None,
        timeout: None,
    };
    Executed { claimed, outcome, ran_for: Duration::ZERO }
}

fn failed(failures: u32, retries: u32) -> Option<Decision> {
    decide(executed(Outcome::Failed("no".into()), failures, retries), &RetryPolicy::default(), 1.0)
}

#[test]
fn a_task_is_tried_once_and_then_as_often_as_it_may_be_retried() {
    for retries in 0..5 {
        for failures in 0..=retries {
            let decision = failed(failures, retries).unwrap();
            let again = matches!(decision, Decision::Retry { .. });
            assert_eq!(again, failures < retries, "{failures} of {retries}");
        }
    }
}

#[test]
fn the_backoff_grows_with_the_failures() {
    let delays: Vec<_> = (0..3)
        .map(|n| match failed(n, 10).unwrap() {
            Decision::Retry { delay, .. } => delay.as_secs(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(delays, [1, 2, 4]);
}

#[test]
fn a_task_brings_its_own_policy() {
    let mut own = executed(Outcome::Failed("no".into()), 0, 3);
    own.claimed.backoff = Some(RetryPolicy { initial: Duration::from_mins(1), max: Duration::from_mins(1) });
    let decision = decide(own, &RetryPolicy::default(), 1.0);
    assert!(matches!(decision, Some(Decision::Retry { delay, .. }) if delay.as_secs() == 60));
}

#[test]
fn other_ends_are_not_retried() {
    let policy = RetryPolicy::default();
    let decide = |outcome| decide(executed(outcome, 0, 3), &policy, 0.5);
    assert!(matches!(decide(Outcome::FailedForGood("no".into())), Some(Decision::Fail { .. })));
    let result = TaskResult::new("1").unwrap();
    assert_eq!(decide(Outcome::Succeeded(Some(result.clone()))), Some(Decision::Succeed(Some(result))));
    let hour = Duration::from_hours(1);
    assert!(matches!(decide(Outcome::Snoozed(hour)), Some(Decision::PutBack { delay, .. }) if delay == hour));
    assert!(matches!(decide(Outcome::Interrupted), Some(Decision::PutBack { delay, .. }) if delay.is_zero()));
    assert_eq!(decide(Outcome::LeaseLost), None);
}

#[test]
fn the_history_tells_whether_an_interrupted_attempt_ran() {
    let reason = |ran_for| {
        let executed = Executed { ran_for, ..executed(Outcome::Interrupted, 0, 3) };
        match decide(executed, &RetryPolicy::default(), 0.5) {
            Some(Decision::PutBack { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason(Duration::ZERO), NOT_STARTED);
    assert_eq!(reason(Duration::from_secs(1)), "its worker was stopped");
}

#[tokio::test]
async fn an_attempt_without_a_lease_ends_here() {
    let ended = [executed(Outcome::LeaseLost, 0, 3), executed(Outcome::Succeeded(None), 0, 3)];
    let settled: Vec<_> = RetryLayer::new(RetryPolicy::default()).layer(stream::iter(ended)).collect().await;
    assert_eq!(settled.len(), 1);
}

proptest! {
    #[test]
    fn no_task_is_retried_for_ever(failures in 0..2_000u32, retries in 0..=1_000u32, unit in 0.0..=1.0f64) {
        let decision = decide(executed(Outcome::Failed("no".into()), failures, retries), &RetryPolicy::default(), unit);
        let again = matches!(decision, Some(Decision::Retry { .. }));
        prop_assert_eq!(again, failures < retries);
    }
}
