//! The plugin as a worker meets it: by its type, through the registry.

use std::time::Duration;

use task_domain::{Claimed, Epoch, Kind, Lease, Name, Payload, Retries, TaskId};
use task_plugin::{Context, Error, Outcome, Parameters, Registry, Retry, Signal};
use task_plugin_simulate::{Journaled, KIND, Simulate};

async fn run(attempt: u32, payload: &str) -> Result<Outcome, Error> {
    run_by(Registry::new().with(KIND, Simulate), attempt, payload).await
}

async fn run_by(registry: Registry, attempt: u32, payload: &str) -> Result<Outcome, Error> {
    let claimed = Claimed {
        lease: Lease { task: TaskId::new(1).unwrap(), attempt, epoch: Epoch::from_store(1) },
        name: Name::new("pretend").unwrap(),
        kind: Kind::new(KIND).unwrap(),
        payload: Payload::new(payload).unwrap(),
        retries: Retries::default(),
        failures: attempt - 1,
        backoff: None,
        timeout: None,
    };
    let context = Context::new(&claimed, None, Signal::default());
    registry.run(&claimed.kind, context, Parameters::new(claimed.payload)).unwrap().await
}

#[tokio::test(start_paused = true)]
async fn takes_as_long_as_it_is_told() {
    let before = tokio::time::Instant::now();
    assert_eq!(run(1, r#"{"duration":"4s"}"#).await, Ok(Outcome::DONE));
    assert_eq!(before.elapsed(), Duration::from_secs(4));
}

// No timer driver in this runtime: a sleep, however short, would panic.
#[test]
fn without_a_duration_no_timer_is_touched() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(run(1, "{}")), Ok(Outcome::DONE));
}

#[tokio::test]
async fn fails_first_and_then_succeeds() {
    let payload = r#"{"fail_attempts":1}"#;
    assert_eq!(run(1, payload).await.unwrap_err().retry_hint(), Retry::MayHelp);
    assert_eq!(run(2, payload).await, Ok(Outcome::DONE));
}

#[tokio::test]
async fn gives_up_when_told() {
    let error = run(1, r#"{"fail_attempts":1,"give_up":true}"#).await.unwrap_err();
    assert_eq!(error.retry_hint(), Retry::IsUseless);
}

#[tokio::test]
async fn panics_when_told() {
    let attempt = tokio::spawn(run(1, r#"{"fail_attempts":1,"panic":true}"#));
    assert!(attempt.await.unwrap_err().is_panic());
}

#[tokio::test]
async fn snoozes_for_as_long_as_told() {
    // At a chance of 0.99, a thousand runs without a snooze do not happen.
    for _ in 0..1_000 {
        if run(1, r#"{"snooze":"5s","snooze_probability":0.99}"#).await
            == Ok(Outcome::Snooze(Duration::from_secs(5)))
        {
            return;
        }
    }
    panic!("never snoozed");
}

#[tokio::test]
async fn the_result_has_exactly_the_size_asked_for() {
    for size in [2, 3, 1_000, 262_144] {
        let Ok(Outcome::Done(Some(result))) = run(1, &format!(r#"{{"result_size":{size}}}"#)).await else {
            panic!("no result of {size} bytes");
        };
        assert_eq!(result.as_str().len(), size);
    }
    assert_eq!(run(1, r#"{"result_size":0}"#).await, Ok(Outcome::DONE));
}

#[tokio::test]
async fn a_journal_tells_of_each_start_and_end_and_the_result_of_the_fence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let registry = || Registry::new().with(KIND, Journaled::open(&path).unwrap());
    run_by(registry(), 1, r#"{"fail_attempts":1}"#).await.unwrap_err();
    let Ok(Outcome::Done(Some(result))) = run_by(registry(), 2, "{}").await else { panic!("no result") };
    assert_eq!(result.as_str(), r#"{"attempt":2,"epoch":1}"#);
    let cut_off = run_by(registry(), 3, r#"{"duration":"1h"}"#);
    let limit = Duration::from_millis(1);
    tokio::time::timeout(limit, cut_off).await.unwrap_err();

    let journal = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = journal.lines().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(lines, ["start 1 1 1", "end 1 1 1", "start 1 2 1", "end 1 2 1", "start 1 3 1"]);
}
