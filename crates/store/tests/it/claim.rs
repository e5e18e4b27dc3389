use std::collections::HashSet;
use std::time::Duration;

use sqlx::PgConnection;
use task_domain::ports::{Claim, Read, Submit};
use task_domain::{Claimed, Decision, Payload, Priority, Queue, Retries, RetryPolicy, Status, WorkerInfo};
use task_store::{Session, SessionSettings};
use task_testing::new_task;

use crate::proxy::Proxy;
use crate::{Scene, info, retry_after};

#[tokio::test]
async fn work_is_handed_out_by_priority_then_age() {
    let scene = Scene::new().await;
    let mut made = Vec::new();
    for (n, (kind, priority)) in
        [("a", 0), ("b", 0), ("a", 0), ("b", 5), ("a", -5), ("a", 5)].into_iter().enumerate()
    {
        let mut task = new_task(kind, &n.to_string());
        task.priority = Priority::new(priority).unwrap();
        made.push(scene.create(task).await);
    }
    let mut worker = scene.worker(&["a", "b"]).await;
    let mut order = Vec::new();
    for _ in 0..made.len() {
        // One at a time: the strictest reading.
        order.push(worker.claim_some(1).await[0].lease.task);
    }
    let expected: Vec<_> = [3, 5, 0, 1, 2, 4].into_iter().map(|n: usize| made[n]).collect();
    assert_eq!(order, expected);
    scene.check().await;
}

#[tokio::test]
async fn a_batch_comes_in_the_same_order() {
    let scene = Scene::new().await;
    for n in 0..30 {
        let mut task = new_task("a", &n.to_string());
        task.priority = Priority::new(n % 3).unwrap();
        scene.create(task).await;
    }
    let claimed = scene.worker(&["a"]).await.claim_some(100).await;
    assert_eq!(claimed.len(), 30);
    let mut expected: Vec<i32> = (0..30).collect();
    expected.sort_by_key(|n| (-(n % 3), *n));
    assert_eq!(names(&claimed), expected);
}

#[tokio::test]
async fn a_worker_gets_only_its_types_and_queues() {
    let scene = Scene::new().await;
    for (kind, queue) in [("a", "default"), ("b", "default"), ("a", "mail")] {
        let mut task = new_task(kind, &format!("{kind} {queue}"));
        task.queue = Queue::new(queue).unwrap();
        scene.create(task).await;
    }
    let info = WorkerInfo { queues: vec![Queue::new("mail").unwrap()], ..info(&["a"]) };
    let session =
        Session::open(crate::settings(&scene.database), info, SessionSettings::default()).await.unwrap();
    let mut claimer = session.claimer();
    let claimed = task_domain::ports::Claim::claim(&mut claimer, 10).await.unwrap();
    let names: Vec<_> = claimed.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["a mail"]);
    assert_eq!(scene.worker(&["a", "b"]).await.claim_some(10).await.len(), 2);
    scene.check().await;
}

#[tokio::test]
async fn many_workers_at_once_get_each_task_once() {
    let scene = Scene::new().await;
    scene.store.submit((0..1_000).map(|n| new_task("a", &n.to_string())).collect()).await;
    let workers = futures::future::join_all((0..4).map(|_| scene.worker(&["a"]))).await;
    let claims = workers.into_iter().map(|mut worker| async move {
        let mut got = Vec::new();
        loop {
            let batch = worker.claim(37).await;
            if batch.is_empty() {
                return got;
            }
            got.extend(batch.into_iter().map(|c| c.lease));
        }
    });
    let leases: Vec<_> = futures::future::join_all(claims).await.into_iter().flatten().collect();
    let tasks: HashSet<_> = leases.iter().map(|l| l.task).collect();
    assert_eq!((leases.len(), tasks.len()), (1_000, 1_000));
    scene.check().await;
}

#[tokio::test]
async fn what_others_have_locked_is_passed_over_and_not_waited_for() {
    let scene = Scene::new().await;
    scene.store.submit((0..200).map(|n| new_task("a", &n.to_string())).collect()).await;
    let mut worker = scene.worker(&["a"]).await;
    assert_eq!(names(&worker.claim_some(20).await), (0..20).collect::<Vec<_>>());
    let mut other = scene.database.connect().await;
    let mut held = sqlx::Connection::begin(&mut other).await.unwrap();
    sqlx::query("select from task_ready order by task_id limit 100 for update")
        .execute(&mut *held)
        .await
        .unwrap();
    assert_eq!(names(&worker.claim(40).await), (120..160).collect::<Vec<_>>());
    held.rollback().await.unwrap();
    // On a new connection nobody knows what may have been undone.
    scene.run_sql("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()").await;
    let mut left = Vec::new();
    for _ in 0..100 {
        left.extend(names(&worker.claimer.claim(50).await.unwrap_or_default()));
        if left.len() == 140 {
            break;
        }
    }
    assert_eq!(left, (20..120).chain(160..200).collect::<Vec<_>>());
    scene.check().await;
}

/// A claim that fails had locked its tasks by then: the next ones, which ask for fewer, get them all.
#[tokio::test]
async fn what_a_claim_had_locked_that_was_undone_is_claimed() {
    let scene = Scene::new().await;
    scene.store.submit((0..200).map(|n| new_task("a", &n.to_string())).collect()).await;
    let mut worker = scene.worker(&["a"]).await;
    assert_eq!(names(&worker.claim_some(20).await), (0..20).collect::<Vec<_>>());
    scene.run_sql("alter table task_running add constraint none check (attempt > 5) not valid").await;
    worker.claimer.claim(100).await.expect_err("a claim that cannot be written");
    scene.run_sql("alter table task_running drop constraint none").await;
    let mut left = Vec::new();
    for _ in 0..6 {
        left.extend(names(&worker.claim(30).await));
    }
    assert_eq!(left, (20..200).collect::<Vec<_>>());
    scene.check().await;
}

/// The numbers that tasks have as their names.
fn names(claimed: &[Claimed]) -> Vec<i32> {
    claimed.iter().map(number).collect()
}

fn number(claimed: &Claimed) -> i32 {
    claimed.name.as_str().parse().unwrap()
}

#[tokio::test]
async fn tasks_committed_out_of_order_are_found() {
    let scene = Scene::new().await;
    scene.create(new_task("a", "first")).await;
    let mut worker = scene.worker(&["a"]).await;
    worker.claim_some(1).await;
    // A transaction of another server draws its places and is slow to commit.
    let mut late = scene.database.connect().await;
    let mut slow = sqlx::Connection::begin(&mut late).await.unwrap();
    let id = wait_in_line(&mut slow, "now()").await;
    // Meanwhile later places are committed and claimed.
    for n in 0..3 {
        scene.create(new_task("a", &n.to_string())).await;
        worker.claim_some(1).await;
    }
    slow.commit().await.unwrap();
    assert_eq!(worker.claim_some(1).await[0].lease.task.get(), id);
    scene.check().await;
}

/// Puts a task into the only lane, at this place. Returns its id.
async fn wait_in_line(connection: &mut PgConnection, place: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
        "with n as (select nextval('task_id_seq') as id, l.id as lane from task_lane l),
         t as (insert into task (id, created_at, lane_id, retries, name, payload) select id, now(), lane, 3, 'late', '{{}}' from n),
         h as (insert into task_history (task_id, version, attempt, status) select id, 1, 0, 0 from n),
         e as (insert into task_event (lane_id, to_status, n, task_ids, versions) select lane, 0, 1, array[id], array[1] from n)
         insert into task_ready (line_at, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
         select {place}, id, now(), lane, 0, 0, 1, 0, 0 from n returning task_id"
    )))
    .fetch_one(connection)
    .await
    .unwrap()
}

/// As after a disk that stood still: the oldest place is older than looks reach back, but not all are.
#[tokio::test]
async fn what_is_found_far_back_is_followed_by_what_lies_further_back() {
    let scene = Scene::new().await;
    scene.create(new_task("a", "first")).await;
    let mut worker = scene.worker(&["a"]).await;
    worker.claim_some(10).await;
    let mut connection = scene.database.connect().await;
    // Counted from before the last look, so that a slow one does not bring the places nearer to it.
    let moment: String =
        sqlx::query_scalar("select clock_timestamp()::text").fetch_one(&mut connection).await.unwrap();
    assert!(worker.claim(10).await.is_empty());
    let before_that =
        |milliseconds: u32| format!("'{moment}'::timestamptz - interval '{milliseconds} milliseconds'");
    let far = wait_in_line(&mut connection, &before_that(500)).await;
    let near = wait_in_line(&mut connection, &before_that(80)).await;
    let mut found = worker.claim(10).await;
    found.extend(worker.claim(10).await);
    let mut found: Vec<_> = found.iter().map(|claim| claim.lease.task.get()).collect();
    found.sort_unstable();
    assert_eq!(found, [far, near]);
    scene.check().await;
}

#[tokio::test]
async fn a_task_that_has_to_wait_comes_when_it_is_due() {
    let scene = Scene::new().await;
    let mut task = new_task("a", "later");
    task.run_at = Some(jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3));
    let later = scene.create(task).await;
    let mut worker = scene.worker(&["a"]).await;
    let mut promoter = worker.session.promoter();
    let first = promoter.promote().await.unwrap();
    assert_eq!(first.moved, 0);
    assert!(first.next_in.unwrap() <= Duration::from_secs(3));
    assert!(worker.claim(1).await.is_empty());
    let moved =
        task_testing::eventually("the task is due", Duration::from_secs(10), async || {
            match promoter.promote().await.unwrap().moved {
                0 => Err("not yet"),
                moved => Ok(moved),
            }
        })
        .await;
    assert_eq!(moved, 1);
    assert_eq!(worker.claim_some(1).await[0].lease.task, later);
    scene.check().await;
}

#[tokio::test]
async fn what_is_claimed_carries_what_the_worker_needs() {
    let scene = Scene::new().await;
    let id = scene.create(new_task("a", "again")).await;
    let mut worker = scene.worker(&["a"]).await;
    let first = worker.claim_some(1).await.remove(0);
    assert_eq!((first.lease.attempt, first.failures), (1, 0));
    worker.settle(&first, retry_after(Duration::ZERO)).await;
    let second = worker.claim_some(1).await.remove(0);
    assert_eq!((second.lease.task, second.lease.attempt, second.failures), (id, 2, 1));
    assert!(second.lease.epoch > first.lease.epoch);
    let interrupted = Decision::PutBack { delay: Duration::ZERO, reason: "its worker was stopped" };
    worker.settle(&second, interrupted).await;
    let third = worker.claim_some(1).await.remove(0);
    assert_eq!((third.lease.attempt, third.failures), (2, 1), "an interruption costs no attempt");
    assert_eq!(scene.status(id).await, Status::Running);
    let summary = scene.store.get(id).await.unwrap().summary;
    assert_eq!(summary.worker, Some(worker.session.id()));
    scene.check().await;
}

/// The answer has another form where many are expected, which says of a task only in what it is not like most.
#[tokio::test]
async fn what_is_claimed_carries_the_same_however_many_are_expected() {
    let scene = Scene::new().await;
    let task = |n: i32| {
        let mut task = new_task(if n % 2 == 0 { "a" } else { "b" }, &n.to_string());
        task.priority = Priority::new(n % 3).unwrap();
        // A few are large.
        let filler = "x".repeat(if n % 13 == 4 { 20_000 } else { 0 });
        task.payload = Payload::new(&format!(r#"{{"n":{n},"filler":"{filler}"}}"#)).unwrap();
        if n % 5 == 1 {
            task.retries = Retries::new(7).unwrap();
        }
        if n % 7 == 2 {
            task.timeout = Some(Duration::from_secs(9));
        }
        if n % 11 == 3 {
            let (initial, max) = (Duration::from_secs(2), Duration::from_mins(1));
            task.backoff = Some(RetryPolicy { initial, max });
        }
        task
    };
    let mut worker = scene.worker(&["a", "b"]).await;
    // The first 60 come as those who expect few are answered, and all that follows as those who expect many.
    for round in 0..3 {
        let made: Vec<_> = (60 * round..60 * round + 60).map(task).collect();
        scene.store.submit(made.clone()).await;
        let first = worker.claim_some(60).await;
        assert_eq!(first.len(), 60);
        assert!(first.is_sorted_by_key(|claim| (-(number(claim) % 3), number(claim))));
        // Half of them fail once, and are claimed again as such.
        for claim in first.iter().filter(|claim| number(claim) % 2 == 0) {
            worker.settle(claim, retry_after(Duration::ZERO)).await;
        }
        let second = worker.claim_some(60).await;
        assert_eq!(second.len(), 30);
        for (claims, attempt) in [(first, 1), (second, 2)] {
            for claim in claims {
                let made = &made[usize::try_from(number(&claim) - 60 * round).unwrap()];
                let carried = (claim.lease.attempt, claim.failures, &claim.kind, &claim.name, &claim.payload);
                assert_eq!(carried, (attempt, attempt - 1, &made.kind, &made.name, &made.payload));
                let bounds = (claim.retries, claim.timeout, claim.backoff);
                assert_eq!(bounds, (made.retries, made.timeout, made.backoff), "{}", made.name.as_str());
            }
        }
    }
    // Nothing is there for one who expects many, and then tasks that are all like most.
    assert!(worker.claim(60).await.is_empty());
    for _ in 0..2 {
        scene.store.submit((0..20).map(|n| new_task("a", &n.to_string())).collect()).await;
        let alike = worker.claim_some(60).await;
        assert_eq!(names(&alike), (0..20).collect::<Vec<_>>());
        assert!(alike.iter().all(|claim| claim.retries == Retries::default() && claim.lease.attempt == 1));
    }
    scene.check().await;
}

/// The answer to a claim is lost after its commit: nobody else would ever bring these tasks back,
/// since their worker lives and renews.
#[tokio::test]
async fn tasks_of_a_claim_that_was_not_heard_of_go_back() {
    let scene = Scene::new().await;
    let proxy = Proxy::start(&scene.database.url()).await;
    let settings = task_store::Settings::new(&proxy.url).unwrap();
    let session = Session::open(settings, info(&["a"]), SessionSettings::default()).await.unwrap();
    let mut claimer = session.claimer();
    // Opens its connection and learns the lanes.
    scene.create(new_task("a", "heard")).await;
    assert_eq!(Claim::claim(&mut claimer, 1).await.unwrap().len(), 1);
    let id = scene.create(new_task("a", "unheard")).await;
    proxy.swallow_answers();
    assert!(Claim::claim(&mut claimer, 1).await.unwrap_err().is_retryable());
    assert_eq!(scene.status(id).await, Status::Running, "the claim was committed");
    proxy.heal();
    let again = task_testing::eventually("it is claimed again", Duration::from_secs(20), async || {
        Claim::claim(&mut claimer, 1).await.map_err(|e| e.to_string())?.pop().ok_or("nothing".to_owned())
    })
    .await;
    assert_eq!((again.lease.task, again.lease.attempt), (id, 1));
    scene.check().await;
}
