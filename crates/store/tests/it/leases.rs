use std::time::Duration;

use task_domain::ports::{Error, Read, Renew};
use task_domain::{Decision, Status, Verdict, limits};
use task_store::SessionSettings;
use task_testing::{eventually, new_task};

use crate::{Scene, info};

fn short() -> SessionSettings {
    SessionSettings { lease_time: Duration::from_secs(1), ..SessionSettings::default() }
}

/// Maintains until it takes a task back.
async fn reclaimed(scene: &Scene) -> u64 {
    eventually("a task is taken back", Duration::from_secs(40), async || {
        match scene.store.maintain().await.unwrap().reclaimed {
            0 => Err("not yet"),
            n => Ok(n),
        }
    })
    .await
}

#[tokio::test]
async fn a_lost_workers_tasks_run_elsewhere() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "orphan")).await;
    let mut lost = scene.worker_with(&["a"], short()).await;
    let claimed = lost.claim_some(1).await.remove(0);
    assert_eq!(reclaimed(&scene).await, 1);
    assert!(matches!(lost.session.renew(&[], 0, false).await, Err(Error::LeaseLost)));
    let mut next = scene.worker(&["a"]).await;
    let again = next.claim_some(1).await.remove(0);
    assert_eq!((again.lease.task, again.lease.attempt, again.failures), (id, 1, 0), "no attempt was spent");
    assert_eq!(lost.settle(&claimed, Decision::Succeed(None)).await, Verdict::Stale);
    assert_eq!(next.settle(&again, Decision::Succeed(None)).await, Verdict::Recorded);
    assert_eq!(scene.history(id).await[2].details.as_deref(), Some("its worker was lost"));
    scene.check().await;
}

/// A crash of the database may take a claim back whose attempt runs already; the same worker may then claim
/// the task again. Here it was put back, with the same effect.
#[tokio::test]
async fn an_attempt_goes_on_beside_a_lost_one_of_the_same_task() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "twice")).await;
    let mut worker = scene.worker(&["a"]).await;
    let lost = worker.claim_some(1).await.remove(0);
    let put_back = Decision::PutBack { delay: Duration::ZERO, reason: "for another try" };
    assert_eq!(worker.settle(&lost, put_back).await, Verdict::Recorded);
    let held = worker.claim_some(1).await.remove(0);
    assert_eq!((held.lease.task, held.lease.attempt), (id, lost.lease.attempt));
    let told_lost = worker.session.renew(&[lost.lease, held.lease], 2, false).await.unwrap();
    assert_eq!(told_lost, [lost.lease], "the one that is held is not told to stop");
    let verdicts = worker.settle_all(&[lost, held], &Decision::Succeed(None)).await;
    assert_eq!(verdicts, [Verdict::Stale, Verdict::Recorded]);
    scene.check().await;
}

/// While the database was away nobody could renew: only who was there all along may judge.
#[tokio::test]
async fn a_server_that_has_just_come_judges_no_lease() {
    let scene = Scene::new().await;
    let mut worker = scene.worker(&["a"]).await;
    scene.create(new_task("a", "kept")).await;
    let claimed = worker.claim_some(1).await.remove(0);
    scene
        .run_sql("update task_worker set lease_until = now() - interval '1 hour', seen_at = now() - interval '2 hours'")
        .await;
    for _ in 0..2 {
        assert_eq!(scene.store.maintain().await.unwrap().lost_workers, 0);
    }
    worker.session.renew(&[claimed.lease], 1, false).await.unwrap();
    assert_eq!(worker.settle(&claimed, Decision::Succeed(None)).await, Verdict::Recorded);
}

#[tokio::test]
async fn a_lease_that_is_renewed_is_left_alone() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "kept")).await;
    let mut worker = scene.worker_with(&["a"], short()).await;
    let claimed = worker.claim_some(1).await.remove(0);
    let until = tokio::time::Instant::now() + Duration::from_secs(3);
    while tokio::time::Instant::now() < until {
        assert_eq!(worker.session.renew(&[claimed.lease], 1, false).await.unwrap(), []);
        assert_eq!(scene.store.maintain().await.unwrap().reclaimed, 0);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(scene.status(id).await, Status::Running);
    assert_eq!(scene.store.workers().await.unwrap()[0].busy, 1);
}

#[tokio::test]
async fn a_worker_that_signs_off_leaves_nothing_behind() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "left")).await;
    let mut worker = scene.worker(&["a"]).await;
    worker.claim_some(1).await;
    assert_eq!(scene.store.workers().await.unwrap().len(), 1);
    worker.session.end("stopped").await.unwrap();
    assert_eq!(scene.store.workers().await.unwrap(), []);
    assert_eq!(scene.status(id).await, Status::Pending);
    scene.check().await;
}

#[tokio::test]
async fn a_task_that_kills_its_workers_is_given_up() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "poison")).await;
    for crash in 1..=limits::CRASHES {
        let mut worker = scene.worker(&["a"]).await;
        worker.claim_some(1).await;
        // As if its lease had run out.
        scene.run_sql("update task_worker set ended_at = now() where ended_at is null").await;
        // A store that has just started looks for what was left behind.
        let fresh = task_store::Store::new(crate::settings(&scene.database));
        assert_eq!(fresh.maintain().await.unwrap().reclaimed, 1);
        let expected = if crash < limits::CRASHES { Status::Pending } else { Status::Failed };
        assert_eq!(scene.status(id).await, expected, "after crash {crash}");
    }
    let last = scene.history(id).await.pop().unwrap();
    assert!(last.details.unwrap().contains("3 times"));
    scene.check().await;
}

/// One of two kills; which of them shows only when they part.
#[tokio::test]
async fn a_task_beside_a_killer_is_not_taken_for_one() {
    let scene = Scene::new().await;
    let ids = [scene.create(new_task("a", "one")).await, scene.create(new_task("a", "two")).await];
    for _ in 0..limits::CRASHES {
        let mut worker = scene.worker(&["a"]).await;
        assert_eq!(worker.claim_some(2).await.len(), 2);
        scene.run_sql("update task_worker set ended_at = now() where ended_at is null").await;
        let fresh = task_store::Store::new(crate::settings(&scene.database));
        assert_eq!(fresh.maintain().await.unwrap().reclaimed, 2);
    }
    for id in ids {
        let task = scene.store.get(id).await.unwrap().summary;
        assert!(
            task.status == Status::Pending && task.run_at.is_some(),
            "it waits for a time of its own: {task:?}"
        );
    }
    // Their times come apart: the one that is lost alone is the killer.
    scene
        .run_sql(
            "update task_delayed set run_at = now() + interval '1 hour' * (task_id - (select min(task_id) from task_delayed))",
        )
        .await;
    let mut worker = scene.worker(&["a"]).await;
    worker.session.promoter().promote().await.unwrap();
    assert_eq!(worker.claim_some(2).await.len(), 1);
    scene.run_sql("update task_worker set ended_at = now() where ended_at is null").await;
    let fresh = task_store::Store::new(crate::settings(&scene.database));
    assert_eq!(fresh.maintain().await.unwrap().reclaimed, 1);
    assert_eq!((scene.status(ids[0]).await, scene.status(ids[1]).await), (Status::Failed, Status::Pending));
    scene.check().await;
}

#[tokio::test]
async fn hints_reach_a_worker_and_polling_does_without_them() {
    let scene = Scene::new().await;
    for notify in [true, false] {
        let mut settings = crate::settings(&scene.database);
        settings.notify = notify;
        let options = SessionSettings { poll: Duration::from_millis(200), ..SessionSettings::default() };
        let session = task_store::Session::open(settings, info(&[]), options).await.unwrap();
        let mut wake_ups = session.wake_ups();
        let mut seen = std::collections::HashSet::new();
        let wanted = if notify { 2 } else { 1 };
        let all = async {
            while seen.len() < wanted {
                seen.insert(format!("{:?}", wake_ups.next().await));
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all).await.expect("wake-ups");
        assert_eq!(seen.contains("Work(Notified)"), notify);
        assert!(seen.contains("Work(Poll)"));
    }
}
