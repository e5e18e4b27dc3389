use std::time::Duration;

use task_domain::Status::{Failed, Pending, Running, Succeeded};
use task_domain::ports::{Error, Operate, Read, Renew};
use task_domain::{Decision, Status, TaskId, Verdict};
use task_testing::new_task;

use crate::{Scene, retry_after};

#[tokio::test]
async fn cancelling_works_wherever_a_task_waits_or_runs() {
    let scene = Scene::new().await;
    let mut worker = scene.worker(&["a"]).await;
    let ready = scene.create(new_task("b", "ready")).await;
    let mut task = new_task("b", "delayed");
    task.run_at = Some(jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1));
    let delayed = scene.create(task).await;
    let retrying = scene.create(new_task("a", "retrying")).await;
    let claimed = worker.claim_some(1).await.remove(0);
    worker.settle(&claimed, retry_after(Duration::from_hours(1))).await;
    let running = scene.create(new_task("a", "running")).await;
    let claimed = worker.claim_some(1).await.remove(0);
    for id in [ready, delayed, retrying, running] {
        let task = scene.store.cancel(id, Some("changed my mind")).await.unwrap();
        assert_eq!(task.status, Status::Cancelled);
        let last = scene.history(id).await.pop().unwrap();
        assert_eq!(last.details.as_deref(), Some("changed my mind"));
        assert!(matches!(scene.store.cancel(id, None).await, Err(Error::Refused { .. })));
    }
    // The running attempt's lease is lost, and what it did comes too late.
    assert_eq!(worker.session.renew(&[claimed.lease], 1, false).await.unwrap(), [claimed.lease]);
    assert_eq!(worker.settle(&claimed, Decision::Succeed(None)).await, Verdict::Stale);
    scene.check().await;
}

#[tokio::test]
async fn a_retry_by_hand_starts_a_new_round() {
    let scene = Scene::new().await;
    let mut worker = scene.worker(&["a"]).await;
    let id = scene.create(new_task("a", "again")).await;
    assert!(matches!(scene.store.retry(id, None).await, Err(Error::Refused { status: Status::Pending, .. })));
    let claimed = worker.claim_some(1).await.remove(0);
    assert!(matches!(scene.store.retry(id, None).await, Err(Error::Refused { status: Status::Running, .. })));
    worker.settle(&claimed, Decision::Fail { error: "no".into() }).await;
    assert_eq!(scene.store.retry(id, None).await.unwrap().status, Status::Pending);
    let claimed = worker.claim_some(1).await.remove(0);
    assert_eq!(
        (claimed.lease.attempt, claimed.failures),
        (2, 0),
        "attempt numbers go on, failures start anew"
    );
    worker.settle(&claimed, Decision::Succeed(None)).await;
    assert_eq!(scene.store.retry(id, None).await.unwrap().status, Status::Pending);
    assert_eq!(scene.statuses(id).await, [Pending, Running, Failed, Pending, Running, Succeeded, Pending]);
    scene.check().await;
}

#[tokio::test]
async fn an_unknown_task_is_not_found() {
    let scene = Scene::new().await;
    let id = TaskId::new(i64::MAX).unwrap();
    assert!(matches!(scene.store.get(id).await, Err(Error::NotFound(_))));
    assert!(matches!(scene.store.history(id, None, 10).await, Err(Error::NotFound(_))));
    assert!(matches!(scene.store.cancel(id, None).await, Err(Error::NotFound(_))));
    assert!(matches!(scene.store.retry(id, None).await, Err(Error::NotFound(_))));
    assert_eq!(scene.store.summaries(&[id]).await.unwrap(), []);
}

/// Cancels race claims and records: each task ends exactly once, and nothing is left behind.
#[tokio::test(flavor = "multi_thread")]
async fn cancels_race_claims_and_records() {
    let scene = Scene::new().await;
    let mut ids = Vec::new();
    for n in 0..150 {
        ids.push(scene.create(new_task("a", &n.to_string())).await);
    }
    let mut worker = scene.worker(&["a"]).await;
    let working = async {
        let mut idle = 0;
        while idle < 5 {
            let claimed = worker.claim(7).await;
            idle = if claimed.is_empty() { idle + 1 } else { 0 };
            for claimed in claimed {
                worker.settle(&claimed, Decision::Succeed(None)).await;
            }
        }
    };
    let cancelling = async {
        let mut cancelled = 0;
        for id in ids.iter().rev() {
            match scene.store.cancel(*id, None).await {
                Ok(_) => cancelled += 1,
                Err(Error::Refused { status: Status::Succeeded, .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        cancelled
    };
    let ((), cancelled) = tokio::join!(working, cancelling);
    let mut ended = 0;
    for id in &ids {
        match scene.status(*id).await {
            Status::Cancelled => ended += 1,
            Status::Succeeded => {}
            other => panic!("{id} is {other}"),
        }
    }
    assert_eq!(ended, cancelled);
    scene.check().await;
}
