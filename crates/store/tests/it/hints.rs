//! Notifications that nobody of ours sent: hints are never trusted, and nothing breaks.

use std::time::Duration;

use futures::StreamExt;
use sqlx::postgres::PgListener;
use task_domain::ports::{Feed, Follow};
use task_testing::new_task;

use crate::Scene;

const LIMIT: Duration = Duration::from_secs(20);

/// Payloads that are no lane's number, or not one that there is.
const ODD: [&str; 10] =
    ["", "x", "-1", "2147483647", "-2147483648", "9223372036854775808", "1e9", "{\"a\":1}", "☕", " 7 "];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_hints_cost_nothing() {
    let scene = Scene::new().await;
    let mut worker = scene.worker(&["a"]).await;
    let mut feed = Box::pin(scene.store.follow());
    assert_eq!(feed.next().await, Some(Feed::Live));
    let pool = scene.database.pool();
    let long = "9".repeat(7_999);
    for channel in ["task_ready", "task_changed", "task_cancelled"] {
        for payload in ODD.iter().copied().chain([long.as_str()]) {
            sqlx::query("select pg_notify($1, $2)")
                .bind(channel)
                .bind(payload)
                .execute(&pool)
                .await
                .expect("told");
        }
    }
    for round in 0..3 {
        let id = scene.create(new_task("a", &format!("round {round}"))).await;
        let claimed = worker.claim_some(1).await;
        assert_eq!(claimed[0].lease.task, id);
        worker.settle(&claimed[0], task_domain::Decision::Succeed(None)).await;
        // Every change is told, as before.
        let mut versions = 0;
        let seen = tokio::time::timeout(LIMIT, async {
            while versions < 3 {
                match feed.next().await {
                    Some(Feed::Changes(changes)) => {
                        versions += changes.iter().filter(|c| c.task == id).count();
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
        seen.await.expect("all changes are told");
    }
    scene.check().await;
}

/// A create that comes alone tells of itself in its own transaction; a batch leaves that to the connection
/// which gathers hints.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_lone_create_brings_its_hint_along() {
    let scene = Scene::new().await;
    let pool = scene.database.pool();
    let mut listener = PgListener::connect_with(&pool).await.expect("connected");
    listener.listen("task_ready").await.expect("listening");
    let mut told_by_a_create = async || {
        let told = tokio::time::timeout(LIMIT, listener.recv()).await.expect("told in time").expect("told");
        let last: String = sqlx::query_scalar("select query from pg_stat_activity where pid = $1")
            .bind(i32::try_from(told.process_id()).expect("a process"))
            .fetch_one(&pool)
            .await
            .expect("a session");
        last.contains("nextval('task_id_seq')")
    };
    // The first comes with its lane, perhaps before it was quiet for long enough.
    scene.create(new_task("a", "first")).await;
    told_by_a_create().await;
    // It is the quiet that makes the difference, so it is part of what is tested.
    let quiet = || tokio::time::sleep(Duration::from_millis(100));
    for round in 0..3 {
        quiet().await;
        scene.create(new_task("a", &format!("alone {round}"))).await;
        assert!(told_by_a_create().await, "alone, round {round}");
        quiet().await;
        let batch = (0..100).map(|n| new_task("a", &format!("{n} of many"))).collect();
        assert!(scene.try_create(batch).await.iter().all(Result::is_ok));
        assert!(!told_by_a_create().await, "a batch, round {round}");
    }
    scene.check().await;
}
