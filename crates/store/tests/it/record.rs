use std::time::Duration;

use task_domain::ports::{Claim, Error, Operate, Read, Record, Renew, Submit};
use task_domain::{Decision, Settled, Status, TaskResult, Verdict};
use task_testing::new_task;

use crate::{Scene, retry_after};

#[tokio::test]
async fn each_decision_leads_where_it_should() {
    let scene = Scene::new().await;
    let hour = Duration::from_hours(1);
    let reason = "put back by its plugin";
    let result = TaskResult::new(r#"{"rows":[1]}"#).unwrap();
    let cases = [
        (Decision::Succeed(Some(result.clone())), Status::Succeeded, 1, None),
        (Decision::Succeed(None), Status::Succeeded, 1, None),
        (retry_after(hour), Status::Retrying, 1, Some("it did not work")),
        (Decision::Fail { error: "no".into() }, Status::Failed, 1, Some("no")),
        (Decision::PutBack { delay: hour, reason }, Status::Pending, 1, Some(reason)),
        (Decision::PutBack { delay: Duration::ZERO, reason }, Status::Pending, 1, Some(reason)),
    ];
    let mut worker = scene.worker(&["a"]).await;
    for (decision, status, attempt, details) in cases {
        let id = scene.create(new_task("a", "case")).await;
        let claimed = worker.claim_some(1).await.remove(0);
        assert_eq!(worker.settle(&claimed, decision.clone()).await, Verdict::Recorded);
        let task = scene.store.get(id).await.unwrap();
        assert_eq!(task.summary.status, status, "{decision:?}");
        assert_eq!(task.summary.attempt, attempt);
        assert_eq!(task.details.as_deref(), details);
        let waits = matches!(&decision, Decision::Retry { .. } | Decision::PutBack { .. })
            && status != Status::Running;
        let later = !matches!(&decision, Decision::PutBack { delay: Duration::ZERO, .. });
        assert_eq!(task.summary.run_at.is_some(), waits && later, "{decision:?}");
        if let Decision::Succeed(result) = decision {
            assert_eq!(task.result, result);
        }
        scene.store.cancel(id, None).await.ok();
        scene.check().await;
    }
}

#[tokio::test]
async fn a_stale_outcome_changes_nothing() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "fenced")).await;
    let mut worker = scene.worker(&["a"]).await;
    let old = worker.claim_some(1).await.remove(0);
    // The task goes back and is claimed again: same task, same attempt, same worker, new epoch.
    let back = Decision::PutBack { delay: Duration::ZERO, reason: "its worker was stopped" };
    worker.settle(&old, back).await;
    let new = worker.claim_some(1).await.remove(0);
    assert_eq!((new.lease.task, new.lease.attempt), (old.lease.task, old.lease.attempt));
    let before = scene.history(id).await;
    assert_eq!(worker.settle(&old, Decision::Succeed(None)).await, Verdict::Stale);
    assert_eq!(scene.history(id).await, before);
    assert_eq!(worker.settle(&new, Decision::Succeed(None)).await, Verdict::Recorded);
    assert_eq!(worker.settle(&new, Decision::Fail { error: "late".into() }).await, Verdict::Stale);
    assert_eq!(scene.status(id).await, Status::Succeeded);
    scene.check().await;
}

#[tokio::test]
async fn an_ended_session_writes_nothing() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "orphan")).await;
    let mut worker = scene.worker(&["a"]).await;
    let claimed = worker.claim_some(1).await.remove(0);
    scene.run_sql("update task_worker set ended_at = now()").await;
    assert_eq!(worker.settle(&claimed, Decision::Succeed(None)).await, Verdict::Stale);
    assert!(matches!(worker.claimer.claim(1).await, Err(Error::LeaseRanOut)));
    assert_eq!(scene.status(id).await, Status::Running);
    scene.check().await;
}

/// By the database's clock, and until somebody has taken its tasks: then it is too late.
#[tokio::test]
async fn a_worker_whose_lease_ran_out_has_to_renew_it_first() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "late")).await;
    scene.create(new_task("a", "next")).await;
    let mut worker = scene.worker(&["a"]).await;
    let claimed = worker.claim_some(1).await.remove(0);
    scene.run_sql("update task_worker set lease_until = now()").await;
    let settled = [Settled { lease: claimed.lease, decision: Decision::Succeed(None) }];
    assert!(matches!(worker.recorder.record(&settled).await, Err(Error::LeaseRanOut)));
    assert!(matches!(worker.claimer.claim(1).await, Err(Error::LeaseRanOut)));
    assert_eq!(scene.status(id).await, Status::Running);
    worker.session.renew(&[claimed.lease], 1, false).await.unwrap();
    assert_eq!(worker.recorder.record(&settled).await.unwrap(), [Verdict::Recorded]);
    assert_eq!(worker.claim(1).await.len(), 1, "its place in line was not passed by");
    scene.check().await;
}

#[tokio::test]
async fn another_workers_lease_cannot_be_used() {
    let scene = Scene::new().await;
    scene.create(new_task("a", "mine")).await;
    let (mut mine, mut theirs) = (scene.worker(&["a"]).await, scene.worker(&["a"]).await);
    let claimed = mine.claim_some(1).await.remove(0);
    assert_eq!(theirs.settle(&claimed, Decision::Succeed(None)).await, Verdict::Stale);
    assert_eq!(mine.settle(&claimed, Decision::Succeed(None)).await, Verdict::Recorded);
}

/// The link breaks after the commit and before the answer: the same batch again is recognised.
#[tokio::test]
async fn a_record_whose_answer_was_lost_can_be_repeated() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "once")).await;
    let mut worker = scene.worker(&["a"]).await;
    let claimed = worker.claim_some(1).await.remove(0);
    let settled = [Settled { lease: claimed.lease, decision: Decision::Succeed(None) }];
    // A trigger breaks the session after the row is in, by way of a deferred constraint's moment.
    let mut second = worker.session.recorder();
    assert_eq!(second.record(&settled).await.unwrap(), [Verdict::Recorded]);
    // This recorder's own attempt is cut off by the server, so it is in doubt.
    let cut = sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and application_name = 'task-service'",
    );
    worker.settle(&claimed, Decision::Succeed(None)).await;
    cut.execute(&scene.database.pool()).await.unwrap();
    assert!(worker.recorder.record(&settled).await.is_err());
    assert_eq!(worker.recorder.record(&settled).await.unwrap(), [Verdict::Recorded]);
    assert_eq!(scene.statuses(id).await, [Status::Pending, Status::Running, Status::Succeeded]);
    scene.check().await;
}

/// What was put back is claimed again as the same attempt: one put-back is not taken for the other.
#[tokio::test]
async fn a_record_in_doubt_is_looked_for_under_its_own_claim() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "back and forth")).await;
    let mut worker = scene.worker(&["a"]).await;
    let back = Decision::PutBack { delay: Duration::ZERO, reason: "put back by its plugin" };
    let first = worker.claim_some(1).await.remove(0);
    assert_eq!(worker.settle(&first, back.clone()).await, Verdict::Recorded);
    let second = worker.claim_some(1).await.remove(0);
    assert_eq!(second.lease.attempt, first.lease.attempt);
    scene.store.cancel(id, None).await.unwrap();
    for (claimed, verdict) in [(first, Verdict::Recorded), (second, Verdict::Stale)] {
        let batch = [Settled { lease: claimed.lease, decision: back.clone() }];
        scene
            .run_sql(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
                 and pid <> pg_backend_pid() and application_name = 'task-service'",
            )
            .await;
        assert!(worker.recorder.record(&batch).await.is_err(), "the link broke: in doubt");
        assert_eq!(worker.recorder.record(&batch).await.unwrap(), [verdict]);
    }
    scene.check().await;
}

#[tokio::test]
async fn a_batch_gets_one_verdict_each_in_its_order() {
    let scene = Scene::new().await;
    for n in 0..20 {
        scene.create(new_task("a", &n.to_string())).await;
    }
    let mut worker = scene.worker(&["a"]).await;
    let mut claimed = worker.claim_some(100).await;
    claimed.reverse();
    let gone = claimed[7].lease.task;
    scene.store.cancel(gone, None).await.unwrap();
    let batch: Vec<_> =
        claimed.iter().map(|c| Settled { lease: c.lease, decision: Decision::Succeed(None) }).collect();
    let verdicts = worker.recorder.record(&batch).await.unwrap();
    for (settled, verdict) in batch.iter().zip(verdicts) {
        let expected = if settled.lease.task == gone { Verdict::Stale } else { Verdict::Recorded };
        assert_eq!(verdict, expected);
    }
    scene.check().await;
}

/// One statement takes the tasks that lie close together by a scan and the others one by one.
#[tokio::test]
async fn tasks_that_lie_together_and_apart_fare_alike() {
    let scene = Scene::new().await;
    let create = async |kind: &str, names: std::ops::Range<usize>| {
        scene.store.submit(names.map(|n| new_task(kind, &n.to_string())).collect()).await;
    };
    create("a", 0..3).await;
    create("b", 0..400).await;
    create("a", 3..43).await;
    let mut worker = scene.worker(&["a"]).await;
    let old = worker.claim_some(100).await;
    let names: Vec<_> = old.iter().map(|c| c.name.as_str().parse::<usize>().unwrap()).collect();
    assert_eq!(names, (0..43).collect::<Vec<_>>());
    let back = Decision::PutBack { delay: Duration::ZERO, reason: "its worker was stopped" };
    assert_eq!(worker.settle_all(&old, &back).await, [Verdict::Recorded; 43]);

    let new = worker.claim_some(100).await;
    assert_eq!(new.len(), 43);
    assert!(new.iter().all(|c| c.lease.attempt == 1 && c.lease.epoch != old[0].lease.epoch));
    assert_eq!(worker.settle_all(&old, &Decision::Succeed(None)).await, [Verdict::Stale; 43]);
    assert_eq!(worker.settle_all(&new, &Decision::Succeed(None)).await, [Verdict::Recorded; 43]);
    assert_eq!(worker.settle_all(&new, &retry_after(Duration::ZERO)).await, [Verdict::Stale; 43]);
    scene.check().await;
}

/// A statement leaves out what its batch has nothing for: no batch may need more than it has.
#[tokio::test]
async fn batches_of_every_make_are_written_in_full() {
    let scene = Scene::new().await;
    let mut worker = scene.patient_worker(&["a"]).await;
    let back = |delay| Decision::PutBack { delay, reason: "its worker was stopped" };
    let hour = Duration::from_hours(1);
    let ends = [Decision::Succeed(None), Decision::Fail { error: "no".into() }];
    let goes_on = [retry_after(Duration::ZERO), retry_after(hour), back(Duration::ZERO), back(hour)];
    let mixed = [&ends[..], &goes_on].concat();
    let plain = [Decision::Succeed(None)];
    let with_results = [Decision::Succeed(None), Decision::Succeed(Some(TaskResult::new("[1]").unwrap()))];
    // So many that lie together, and so many before them that lie apart, most of them out of the reach of one scan.
    for (together, apart) in [(40, 0), (0, 6), (40, 6)] {
        for decisions in [&plain[..], &with_results, &ends, &goes_on, &mixed] {
            for _ in 0..apart {
                scene.create(new_task("a", "apart")).await;
                scene.store.submit((0..60).map(|n| new_task("b", &n.to_string())).collect()).await;
            }
            scene.store.submit((0..together).map(|n| new_task("a", &n.to_string())).collect()).await;
            let claimed = worker.claim_some(100).await;
            assert_eq!(claimed.len(), together + apart);
            let decision = |n: usize| decisions[n % decisions.len()].clone();
            let batch: Vec<_> = (claimed.iter().enumerate())
                .map(|(n, c)| Settled { lease: c.lease, decision: decision(n) })
                .collect();
            let verdicts = worker.recorder.record(&batch).await.unwrap();
            assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Recorded), "{verdicts:?}");
            for settled in &batch {
                let (status, details, result, waits) = match &settled.decision {
                    Decision::Succeed(result) => (Status::Succeeded, None, result.clone(), false),
                    Decision::Fail { error } => (Status::Failed, Some(error.as_str()), None, false),
                    Decision::Retry { error, delay } => {
                        (Status::Retrying, Some(error.as_str()), None, *delay == hour)
                    }
                    Decision::PutBack { reason, delay } => {
                        (Status::Pending, Some(*reason), None, *delay == hour)
                    }
                };
                let task = scene.store.get(settled.lease.task).await.unwrap();
                assert_eq!(task.summary.status, status, "{settled:?}");
                assert_eq!((task.details.as_deref(), &task.result), (details, &result));
                assert_eq!(task.summary.run_at.is_some(), waits, "{settled:?}");
                scene.store.cancel(settled.lease.task, None).await.ok();
            }
            scene.check().await;
        }
    }
}
