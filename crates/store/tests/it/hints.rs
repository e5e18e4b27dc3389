//! Notifications that nobody of ours sent: hints are never trusted, and nothing breaks.

use std::time::Duration;

use futures::StreamExt;
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
