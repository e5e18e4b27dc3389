//! Every statement of `queries/` can be prepared on the real schema, and a task's life and pages read few rows.

use std::path::{Path, PathBuf};

use sqlx::{Executor, SqlSafeStr};
use task_domain::ports::Read;
use task_domain::{Decision, Filter, PageRequest, Status, Verdict};
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

/// What the planner knows of the tables when it plans.
#[derive(Clone, Copy, PartialEq)]
enum Known {
    /// They are empty, but have been vacuumed, so that it takes them to stay so.
    Empty,
    /// Nothing, as in a new database: it goes by their size, which is that of so many tasks.
    Nothing { waiting: usize },
}

/// A life reads as few rows in a large table as in a small one, however the plans were made.
#[tokio::test]
async fn a_life_reads_as_few_rows_from_a_large_backlog_as_from_a_small_one() {
    assert_few_rows_are_read(Known::Empty, &["a"], 1, 200).await;
}

#[tokio::test]
async fn a_life_reads_as_few_rows_in_a_new_database() {
    for waiting in [1, 300, 3_000, 20_000] {
        assert_few_rows_are_read(Known::Nothing { waiting }, &["a"], 1, 200).await;
    }
}

/// What lies apart is looked up; what lies together is scanned.
#[tokio::test]
async fn a_life_reads_as_few_rows_where_others_lie_between() {
    assert_few_rows_are_read(Known::Empty, &["a", "b", "c", "d", "e", "f", "g", "h"], 1, 200).await;
}

/// Small claims and records are statements of their own.
#[tokio::test]
async fn a_life_reads_as_few_rows_in_small_batches() {
    assert_few_rows_are_read(Known::Empty, &["a", "b"], 1, 10).await;
}

/// Claims from several lanes bring them into an order first.
#[tokio::test]
async fn a_life_reads_as_few_rows_from_several_lanes() {
    for at_a_time in [10, 200] {
        assert_few_rows_are_read(Known::Empty, &["a", "b", "c", "d"], 3, at_a_time).await;
    }
}

/// Of a backlog of these types in turns, a worker of the first few drains half of theirs, so many at a time.
async fn assert_few_rows_are_read(known: Known, kinds: &[&str], served: usize, at_a_time: usize) {
    const TASKS: usize = 20_000;
    let scene = crate::Scene::new().await;
    let mut worker = scene.patient_worker(&kinds[..served]).await;
    let submit = async |tasks: usize| {
        let kind = |n| kinds[n % kinds.len()];
        // A few payloads are large.
        let filler = |n: usize| "x".repeat(if n % 50 == 7 { 9_000 } else { 0 });
        let task = |n: usize| {
            let payload = format!(r#"{{"filler":"{}"}}"#, filler(n));
            task_testing::new_task_with(kind(n), &n.to_string(), &payload)
        };
        let batch = (0..tasks).map(task).collect();
        task_domain::ports::Submit::submit(&scene.store, batch).await;
    };
    if let Known::Nothing { waiting } = known {
        for table in ["task", "task_ready", "task_running", "task_finished"] {
            let by_hand = format!("alter table {table} set (autovacuum_enabled = off)");
            sqlx::query(sqlx::AssertSqlSafe(by_hand)).execute(&scene.database.pool()).await.unwrap();
        }
        submit(waiting).await;
    } else {
        submit(1).await;
    }
    let mut warm = 0;
    for round in 0..10 {
        // The first makes the lane known and leaves a row in each table.
        if round < 2 && known == Known::Empty {
            scene.run_sql("vacuum analyze").await;
        }
        let claimed = worker.claim(at_a_time).await;
        warm += claimed.len();
        worker.settle_all(&claimed, &Decision::Succeed(None)).await;
    }
    for _ in 0..TASKS / 1_000 {
        submit(1_000).await;
    }
    let before = rows_read(&scene, "true").await;
    let mut ended = 0;
    while ended < TASKS / kinds.len() * served / 2 {
        let claimed = worker.claim(at_a_time).await;
        ended += claimed.len();
        let verdicts = worker.settle_all(&claimed, &Decision::Succeed(None)).await;
        assert!(verdicts.iter().all(|v| *v == Verdict::Recorded));
    }
    // An idle connection sends its statistics within ten seconds; this asks until they are in.
    let finished = format!(
        "(select n_tup_ins from pg_stat_user_tables where relname = 'task_finished') = {}",
        warm + ended
    );
    let read = rows_read(&scene, &finished).await - before;
    let each = read / i64::try_from(ended).unwrap();
    assert!(each < 20, "a task's life reads {each} rows");
}

/// A page of what ended reads no more of it than the page has, from each lane at most.
#[tokio::test]
async fn a_page_of_what_ended_reads_few_rows_however_much_there_is() {
    const PAGE: u32 = 10;
    const KINDS: [&str; 3] = ["a", "b", "c"];
    let scene = crate::Scene::new().await;
    let mut worker = scene.patient_worker(&KINDS).await;
    for decision in [Decision::Succeed(None), Decision::Fail { error: "no".into() }] {
        let task = |n: usize| task_testing::new_task(KINDS[n % KINDS.len()], &n.to_string());
        task_domain::ports::Submit::submit(&scene.store, (0..999).map(task).collect()).await;
        let claimed = worker.claim(999).await;
        assert_eq!(claimed.len(), 999);
        worker.settle_all(&claimed, &decision).await;
    }
    scene.run_sql("analyze").await;
    let of_ends = "from pg_stat_user_indexes where relname = 'task_finished'";
    for (status, lanes) in [(Status::Succeeded, KINDS.len()), (Status::Failed, 1)] {
        let scans = format!("(select sum(idx_scan) {of_ends})");
        let (before, scanned): (i64, i64) = ends_read(&scene, &format!("{scans} >= 0")).await;
        let filter = Filter { statuses: vec![status], ..Filter::default() };
        let page = scene.store.list(&filter, PageRequest::number(1, PAGE).unwrap()).await.unwrap();
        assert_eq!(page.tasks.len(), PAGE as usize);
        let (after, _) = ends_read(&scene, &format!("{scans} > {scanned}")).await;
        let most = i64::from(PAGE + 1) * i64::try_from(lanes).unwrap();
        assert!(after - before <= most, "{status:?}: {} rows were read", after - before);
    }
}

/// Rows and index entries read so far of what ended, and scans of its indexes, once `condition` holds.
async fn ends_read(scene: &crate::Scene, condition: &str) -> (i64, i64) {
    let sql = format!(
        "select ((select seq_tup_read from pg_stat_user_tables where relname = 'task_finished') + sum(idx_tup_read))::bigint,
            sum(idx_scan)::bigint
        from pg_stat_user_indexes where relname = 'task_finished' having {condition}"
    );
    once_in(scene, &sql).await
}

/// Rows and index entries read so far from the tables of a life, once `condition` holds.
async fn rows_read(scene: &crate::Scene, condition: &str) -> i64 {
    let sql = format!(
        "select (select coalesce(sum(seq_tup_read), 0) + coalesce(sum(idx_tup_read), 0)
            from pg_stat_user_tables t left join pg_stat_user_indexes i using (relid)
            where t.relname in ('task', 'task_ready', 'task_running'))::bigint
        where {condition}"
    );
    let (read,): (i64,) = once_in(scene, &sql).await;
    read
}

/// The row of a question about statistics, once there is one: sessions tell what they did some seconds later.
async fn once_in<R>(scene: &crate::Scene, sql: &str) -> R
where
    R: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    let ask = async || {
        let pool = scene.database.pool();
        let row = sqlx::query_as(sqlx::AssertSqlSafe(sql.to_owned())).fetch_optional(&pool).await.unwrap();
        row.ok_or("not in yet")
    };
    task_testing::eventually("statistics", std::time::Duration::from_secs(30), ask).await
}
