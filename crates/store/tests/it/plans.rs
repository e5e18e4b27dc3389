//! Every statement of `queries/` can be prepared on the real schema.

use std::path::{Path, PathBuf};

use sqlx::{Executor, SqlSafeStr};
use task_testing::Database;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let database = Database::new().await;
    let mut connection = database.connect().await;
    let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("queries"));
    assert!(files.len() > 20, "{} statements", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let statement = sqlx::AssertSqlSafe(text).into_sql_str();
        if let Err(error) = connection.prepare(statement).await {
            panic!("{}: {error}", file.display());
        }
    }
}

/// A claim reads a handful of pages however many tasks wait, and however the plan was made: the
/// statement is prepared while the tables are empty.
#[tokio::test]
async fn a_claim_reads_as_little_from_a_large_backlog_as_from_a_small_one() {
    let scene = crate::Scene::new().await;
    let mut worker = scene.worker(&["a"]).await;
    scene.create(task_testing::new_task("a", "first")).await;
    for _ in 0..10 {
        worker.claim(10).await;
    }
    for _ in 0..20 {
        let batch = (0..1_000).map(|n| task_testing::new_task("a", &n.to_string())).collect();
        task_domain::ports::Submit::submit(&scene.store, batch).await;
    }
    for _ in 0..20 {
        assert_eq!(worker.claim(10).await.len(), 10);
    }
    // Statistics are sent when a transaction ends, at most once a second; this asks until they are in.
    let sequential = task_testing::eventually("statistics", std::time::Duration::from_secs(10), async || {
        let read: (i64, i64) = sqlx::query_as(
            "select coalesce(sum(idx_scan), 0)::bigint, coalesce(sum(seq_tup_read), 0)::bigint
             from pg_stat_user_tables where relname in ('task', 'task_ready')",
        )
        .fetch_one(&scene.database.pool())
        .await
        .unwrap();
        if read.0 > 0 { Ok(read.1) } else { Err("none yet") }
    })
    .await;
    assert!(sequential < 1_000, "a statement reads whole tables: {sequential} rows");
}
