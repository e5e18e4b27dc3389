//! What Postgres' own upkeep, vacuum and analyze, may do to our tables.

use std::time::Duration;

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
    for table in ["task_ready", "task_running"] {
        let emptied = async |vacuum: String| {
            let pool = scene.database.pool();
            sqlx::query(sqlx::AssertSqlSafe(vacuum)).execute(&pool).await.unwrap();
            let size = "select pg_relation_size($1::regclass) = 0";
            sqlx::query_scalar::<_, bool>(size).bind(table).fetch_one(&pool).await.unwrap()
        };
        assert!(!emptied(format!("vacuum {table}")).await, "{table} was cut off");
        // It could be, and by hand it is; not while an analyze holds a snapshot.
        let by_hand = async || {
            emptied(format!("vacuum (truncate) {table}")).await.then_some(()).ok_or("it has pages still")
        };
        task_testing::eventually(table, Duration::from_secs(30), by_hand).await;
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
