//! Claims of a single task that a hint told of.

use std::collections::BTreeSet;
use std::time::Duration;

use task_domain::ports::{Claim, Error, Read, Renew, Spot, WakeUp};
use task_domain::{Claimed, Decision, NewTask, Priority, Retries, RetryPolicy, Status, TaskId};
use task_store::Told;
use task_testing::new_task;

use crate::proxy::Proxy;
use crate::{Scene, Worker, info};

const LIMIT: Duration = Duration::from_secs(20);

/// A worker of type `a` that knows its lanes, with a task of that type behind it.
async fn scene() -> (Scene, Worker) {
    let scene = Scene::new().await;
    scene.create(new_task("a", "before")).await;
    let mut worker = scene.worker(&["a"]).await;
    let before = worker.claim_some(1).await.remove(0);
    worker.settle(&before, Decision::Succeed(None)).await;
    (scene, worker)
}

impl Worker {
    async fn claim_at(&mut self, spot: Spot) -> Vec<Claimed> {
        self.claimer.claim_at(spot, 10).await.expect("a claim")
    }

    /// Waits for the next hint.
    async fn hear(&self) -> WakeUp {
        let mut wake_ups = self.session.wake_ups();
        let hint = async {
            loop {
                if let Told::Work(hint @ (WakeUp::Single(_) | WakeUp::Notified)) = wake_ups.next().await {
                    return hint;
                }
            }
        };
        tokio::time::timeout(LIMIT, hint).await.expect("a hint")
    }
}

#[tokio::test]
async fn the_task_at_a_spot_is_claimed_with_what_the_worker_needs_and_no_other() {
    let (scene, mut worker) = scene().await;
    let older = scene.create(new_task("a", "older")).await;
    let made = NewTask {
        retries: Retries::new(7).unwrap(),
        timeout: Some(Duration::from_secs(9)),
        backoff: Some(RetryPolicy { initial: Duration::from_secs(2), max: Duration::from_mins(1) }),
        ..task_testing::new_task_with("a", "told of", r#"{"n":1}"#)
    };
    let id = scene.create(made.clone()).await;
    let spot = scene.spot(id).await;
    let claimed = worker.claim_at(spot).await.remove(0);
    assert_eq!((claimed.lease.task, claimed.lease.attempt, claimed.failures), (id, 1, 0));
    assert_eq!((&claimed.kind, &claimed.name, &claimed.payload), (&made.kind, &made.name, &made.payload));
    assert_eq!(
        (claimed.retries, claimed.timeout, claimed.backoff),
        (made.retries, made.timeout, made.backoff)
    );
    assert_eq!(scene.statuses(id).await, [Status::Pending, Status::Running]);
    assert_eq!(scene.store.get(id).await.unwrap().summary.worker, Some(worker.session.id()));
    // It is not there any more; what else waits is found by a look.
    assert!(worker.claim_at(spot).await.is_empty());
    let rest = worker.claim(10).await;
    assert_eq!(rest.iter().map(|c| c.lease.task).collect::<Vec<_>>(), [older]);
    assert!(rest[0].lease.epoch > claimed.lease.epoch);
    for claim in [&claimed, &rest[0]] {
        worker.settle(claim, Decision::Succeed(None)).await;
    }
    assert_eq!(scene.status(id).await, Status::Succeeded);
    scene.check().await;
}

#[tokio::test]
async fn a_spot_that_is_not_true_gets_nothing() {
    let (scene, mut worker) = scene().await;
    let id = scene.create(new_task("a", "waits")).await;
    let spot = scene.spot(id).await;
    let second = jiff::SignedDuration::from_secs(1);
    for wrong in [
        Spot { task: TaskId::new(id.get() + 1).unwrap(), ..spot },
        Spot { task: TaskId::new(i64::MAX).unwrap(), ..spot },
        Spot { at: spot.at - second, ..spot },
        Spot { at: jiff::Timestamp::UNIX_EPOCH, ..spot },
        Spot { at: jiff::Timestamp::MAX, ..spot },
    ] {
        assert!(worker.claim_at(wrong).await.is_empty(), "{wrong:?}");
    }
    assert_eq!(scene.status(id).await, Status::Pending);
    assert_eq!(worker.claim_at(spot).await.len(), 1);
    scene.check().await;
}

/// Its lane may be new, or that of a type which this worker does not run.
#[tokio::test]
async fn a_spot_in_a_lane_that_is_not_served_has_the_worker_look_at_all() {
    let (scene, mut worker) = scene().await;
    let theirs = scene.create(new_task("b", "another's")).await;
    let theirs = scene.spot(theirs).await;
    assert!(worker.claim_at(theirs).await.is_empty());
    let mine = scene.create(new_task("a", "mine")).await;
    assert_eq!(worker.claim_at(Spot { lane: i32::MAX, ..theirs }).await[0].lease.task, mine);
    // A task's hint says that there is its lane, and so does any hint that follows.
    for (priority, at_itself) in [(5, true), (6, false)] {
        let urgent = NewTask { priority: Priority::new(priority).unwrap(), ..new_task("a", "in a new lane") };
        let id = scene.create(urgent).await;
        let other = scene.create(new_task("a", "in a lane that is served")).await;
        let spot = scene.spot(if at_itself { id } else { other }).await;
        let mut found = BTreeSet::new();
        while found.len() < 2 {
            worker.hear().await;
            found.extend(worker.claim_at(spot).await.iter().map(|claimed| claimed.lease.task));
        }
        assert_eq!(found, BTreeSet::from([id, other]));
    }
    scene.check().await;
}

#[tokio::test]
async fn a_task_that_another_claim_holds_is_not_waited_for() {
    let (scene, mut worker) = scene().await;
    let id = scene.create(new_task("a", "held")).await;
    let spot = scene.spot(id).await;
    let mut other = scene.database.pool().begin().await.unwrap();
    sqlx::query("delete from task_ready").execute(&mut *other).await.unwrap();
    assert!(worker.claim_at(spot).await.is_empty());
    other.rollback().await.unwrap();
    assert_eq!(worker.claim_at(spot).await[0].lease.task, id);
    scene.check().await;
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_gets_no_single_task_either() {
    let (scene, mut worker) = scene().await;
    let id = scene.create(new_task("a", "waits")).await;
    let spot = scene.spot(id).await;
    scene.run_sql("update task_worker set lease_until = now()").await;
    assert!(matches!(worker.claimer.claim_at(spot, 10).await, Err(Error::LeaseRanOut)));
    assert_eq!(scene.status(id).await, Status::Pending);
    worker.session.renew(&[], 0, false).await.unwrap();
    assert_eq!(worker.claim_at(spot).await[0].lease.task, id);
    scene.check().await;
}

/// The answer is lost after the commit: nobody else would ever bring the task back, since its worker lives.
#[tokio::test]
async fn a_single_task_whose_claim_was_not_heard_of_goes_back() {
    let scene = Scene::new().await;
    let proxy = Proxy::start(&scene.database.url()).await;
    let settings = task_store::Settings::new(&proxy.url).unwrap();
    let session = task_store::Session::open(settings, info(&["a"]), task_store::SessionSettings::default())
        .await
        .unwrap();
    let mut claimer = session.claimer();
    // Opens its connection, learns the lanes, and has the statement prepared.
    scene.create(new_task("a", "heard")).await;
    assert_eq!(claimer.claim(1).await.unwrap().len(), 1);
    let heard = scene.create(new_task("a", "heard, too")).await;
    let heard = scene.spot(heard).await;
    assert_eq!(claimer.claim_at(heard, 10).await.unwrap().len(), 1);
    let id = scene.create(new_task("a", "unheard")).await;
    let spot = scene.spot(id).await;
    proxy.swallow_answers();
    assert!(claimer.claim_at(spot, 10).await.unwrap_err().is_retryable());
    assert_eq!(scene.status(id).await, Status::Running, "the claim was committed");
    proxy.heal();
    let again = task_testing::eventually("it is claimed again", LIMIT, async || {
        claimer.claim(1).await.map_err(|e| e.to_string())?.pop().ok_or("nothing".to_owned())
    })
    .await;
    assert_eq!((again.lease.task, again.lease.attempt), (id, 1));
    scene.check().await;
}

#[tokio::test]
async fn a_hint_of_a_single_task_is_one_only_while_no_other_follows() {
    let (scene, worker) = scene().await;
    let say = async |said: &[&str]| {
        let sql = "select pg_notify('task_ready', said) from unnest($1::text[]) as s(said)";
        sqlx::query(sql).bind(said).execute(&scene.database.pool()).await.unwrap();
    };
    let told =
        Spot { lane: 1, at: jiff::Timestamp::from_microsecond(5).unwrap(), task: TaskId::new(7).unwrap() };
    say(&["1 1 5 7"]).await;
    // What came before is heard of first.
    while worker.hear().await != WakeUp::Single(told) {}
    // One transaction's hints arrive together. Of more than there is room for, some are lost.
    for behind in ["1", "1 1 5 8"] {
        say(&["1 1 5 7", behind]).await;
        assert_eq!(worker.hear().await, WakeUp::Notified, "{behind}");
        worker.hear().await;
    }
    let many: Vec<_> = (1..100).map(|task| format!("1 1 5 {task}")).collect();
    say(&many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(worker.hear().await, WakeUp::Notified);
}
