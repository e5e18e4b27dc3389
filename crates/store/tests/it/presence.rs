//! A worker whose process is gone is noticed by its session, long before its lease runs out.

use std::time::Duration;

use task_domain::ports::Record;
use task_domain::{Decision, Settled, Verdict};
use task_testing::{eventually, new_task};

use crate::Scene;

const LIMIT: Duration = Duration::from_secs(10);

/// Waits for a session that carries a worker's sign, other than `old`; its process id.
async fn sign(scene: &Scene, old: i32) -> i32 {
    eventually("a worker's sign", LIMIT, async || {
        let held: Option<i32> = sqlx::query_scalar(
            "select pid from pg_locks where locktype = 'advisory' and granted and pid <> $1
             and database = (select oid from pg_database where datname = current_database())",
        )
        .bind(old)
        .fetch_optional(&scene.database.pool())
        .await
        .unwrap();
        held.ok_or("none")
    })
    .await
}

#[tokio::test]
async fn a_worker_whose_process_is_gone_loses_its_tasks_at_once() {
    let scene = Scene::new().await;
    scene.create(new_task("a", "orphan")).await;
    let mut worker = scene.worker(&["a"]).await;
    sign(&scene, 0).await;
    let claimed = worker.claim_some(1).await.remove(0);
    // A claim stirs things up, and a look that misses nobody does not calm them.
    assert!(scene.store.maintain().await.unwrap().stirring);
    let look = scene.store.look_for_the_gone().await.unwrap();
    assert_eq!((look.lost_workers, look.stirring), (0, true));
    // All that the process leaves behind is a session that ends.
    drop(worker.session);
    let done = eventually("the worker is missed", LIMIT, async || {
        let done = scene.store.look_for_the_gone().await.unwrap();
        if done.lost_workers > 0 { Ok(done) } else { Err("not yet") }
    })
    .await;
    assert_eq!(done.reclaimed, 1);
    let settled = [Settled { lease: claimed.lease, decision: Decision::Succeed(None) }];
    assert_eq!(worker.recorder.record(&settled).await.unwrap(), [Verdict::Stale]);
    let mut next = scene.worker(&["a"]).await;
    let again = next.claim_some(1).await.remove(0);
    assert_eq!(next.settle(&again, Decision::Succeed(None)).await, Verdict::Recorded);
    scene.check().await;
}

#[tokio::test]
async fn a_worker_whose_session_is_cut_comes_back() {
    let scene = Scene::new().await;
    let _worker = scene.worker(&["a"]).await;
    let first = sign(&scene, 0).await;
    scene.store.look_for_the_gone().await.unwrap();
    sqlx::query("select pg_terminate_backend($1)").bind(first).execute(&scene.database.pool()).await.unwrap();
    sign(&scene, first).await;
    assert_eq!(scene.store.look_for_the_gone().await.unwrap().lost_workers, 0);
}

/// A worker that drains hears no more hints, and is there all the same.
#[tokio::test]
async fn the_sign_is_there_for_as_long_as_the_session() {
    let scene = Scene::new().await;
    let worker = scene.worker(&["a"]).await;
    let wake_ups = worker.session.wake_ups();
    let first = sign(&scene, 0).await;
    drop(wake_ups);
    // Anything that was to be closed by that is closed by now.
    scene.worker(&["b"]).await;
    let held: i64 =
        sqlx::query_scalar("select count(*) from pg_locks where locktype = 'advisory' and pid = $1")
            .bind(first)
            .fetch_one(&scene.database.pool())
            .await
            .unwrap();
    assert_eq!(held, 1);
}
