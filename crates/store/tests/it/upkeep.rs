//! What Postgres' own upkeep, vacuum and analyze, may do to our tables.

use task_domain::Decision;
use task_testing::new_task;

use crate::Scene;

/// Or else creates, claims and records would stand still for it.
#[tokio::test]
async fn vacuum_leaves_empty_pages_to_be_used_again() {
    let scene = Scene::new().await;
    let mut worker = scene.patient_worker(&["a"]).await;
    let tasks = (0..1_000).map(|n| new_task("a", &n.to_string())).collect();
    assert!(scene.try_create(tasks).await.iter().all(Result::is_ok));
    let claimed = worker.claim(1_000).await;
    worker.settle_all(&claimed, &Decision::Succeed(None)).await;
    assert_eq!(claimed.len(), 1_000);
    for (vacuum, pages_stay) in [
        ("vacuum task_ready", true),
        ("vacuum task_running", true),
        // By hand it can be done.
        ("vacuum (truncate) task_ready", false),
        ("vacuum (truncate) task_running", false),
    ] {
        scene.run_sql(vacuum).await;
        let table = vacuum.rsplit(' ').next().unwrap();
        let size: i64 = sqlx::query_scalar("select pg_relation_size($1::regclass)")
            .bind(table)
            .fetch_one(&scene.database.pool())
            .await
            .unwrap();
        assert_eq!(size > 0, pages_stay, "{size} bytes after {vacuum}");
    }
}

/// Long texts and lists are not read for statistics that no statement has a use for.
#[tokio::test]
async fn analyze_reads_only_what_conditions_are_about() {
    let scene = Scene::new().await;
    scene.create(new_task("a", "one")).await;
    scene.run_sql("analyze").await;
    let known: Vec<String> = sqlx::query_scalar(
        "select tablename || '.' || attname from pg_stats
         where tablename in ('task', 'task_history', 'task_event') order by 1",
    )
    .fetch_all(&scene.database.pool())
    .await
    .unwrap();
    for column in ["task.created_at", "task_history.task_id", "task_event.lane_id"] {
        assert!(known.iter().any(|k| k == column), "{column} is not among {known:?}");
    }
    for column in [
        "task.name",
        "task.payload",
        "task.labels",
        "task_history.details",
        "task_history.result",
        "task_event.task_ids",
        "task_event.versions",
    ] {
        assert!(known.iter().all(|k| k != column), "{column} is among {known:?}");
    }
}
