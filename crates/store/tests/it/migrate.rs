use task_domain::ports::Error;
use task_store::{Settings, Store, migrate};
use task_testing::Database;

#[tokio::test]
async fn an_empty_database_is_brought_up_to_date_once() {
    let database = Database::empty().await;
    let settings = crate::settings(&database);
    assert!(matches!(migrate::status(&settings).await.unwrap(), migrate::Status::Behind(_)));
    let store = Store::new(settings.clone());
    let error = store.ready().await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    // Several start at once: one does the work, the others find nothing to do.
    let runs = futures::future::join_all((0..5).map(|_| migrate::run(&settings))).await;
    let working: Vec<_> = runs.into_iter().map(Result::unwrap).filter(|steps| !steps.is_empty()).collect();
    assert_eq!(working.len(), 1, "{working:?}");
    assert_eq!(migrate::status(&settings).await.unwrap(), migrate::Status::Current);
    store.ready().await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let database = Database::new().await;
    let settings = crate::settings(&database);
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'from the future', true, '', 0)",
    )
    .execute(&database.pool())
    .await
    .unwrap();
    let error = migrate::run(&settings).await.unwrap_err();
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(text.contains("9999") && text.contains("newer version"), "{text}");
    assert!(Store::new(settings).ready().await.is_err());
}

#[tokio::test]
async fn what_the_database_allows_other_statements_does_not_cut_a_step_off() {
    let database = Database::empty().await;
    let limit = format!(r#"alter database "{}" set statement_timeout = 1"#, database.name());
    sqlx::query(sqlx::AssertSqlSafe(limit)).execute(&mut database.connect().await).await.unwrap();
    migrate::run(&crate::settings(&database)).await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_down_is_unavailable() {
    let settings = Settings::new("postgres://nobody@127.0.0.1:1/none").unwrap();
    let error = migrate::run(&settings).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn what_waits_keeps_its_order_when_places_become_times() {
    let database = Database::empty().await;
    let mut connection = database.connect().await;
    sqlx::raw_sql(include_str!("../../../../migrations/0001_tasks.sql"))
        .execute(&mut connection)
        .await
        .unwrap();
    // Tasks 1 and 3 are fresh; 2 failed and was put back, and 4 after it.
    sqlx::raw_sql(
        "insert into task_lane (queue, type, priority) values ('default', 'a', 0);
         insert into task_ready (position, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
         values (1, 1, '2026-01-01', 1, 0, 0, 1, 0, 0), (9, 4, '2026-01-04', 1, 0, 0, 3, 0, 0),
             (3, 3, '2026-01-03', 1, 0, 0, 1, 0, 0), (8, 2, '2026-01-02', 1, 1, 1, 3, 0, 2)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::raw_sql(include_str!("../../../../migrations/0002_place_in_line.sql"))
        .execute(&mut connection)
        .await
        .unwrap();
    let line: Vec<(i64, bool)> = sqlx::query_as(
        "select task_id, line_at = created_at from task_ready order by lane_id, line_at, task_id",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(line, [(1, true), (3, true), (2, false), (4, false)]);
}

#[tokio::test]
async fn an_index_whose_building_was_interrupted_is_built_anew() {
    let database = Database::empty().await;
    let mut connection = database.connect().await;
    let before = [
        include_str!("../../../../migrations/0001_tasks.sql"),
        include_str!("../../../../migrations/0008_index_of_failed_and_cancelled.sql"),
        // As an interrupted building leaves it.
        "update pg_index set indisvalid = false where indexrelid = 'idx_failed_created_at'::regclass",
        // The next try is content with it.
        include_str!("../../../../migrations/0008_index_of_failed_and_cancelled.sql"),
        include_str!("../../../../migrations/0009_cheaper_success.sql"),
    ];
    for step in before {
        sqlx::raw_sql(step).execute(&mut connection).await.unwrap();
    }
    let indexes: Vec<(String, bool, bool)> = sqlx::query_as(
        "select indexrelid::regclass::text, indisvalid, indpred is not null from pg_index
        where indrelid = 'task_finished'::regclass order by 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let index = |name: &str, partial| (name.to_owned(), true, partial);
    assert_eq!(indexes, [index("idx_status_created_at", true), index("idx_type_status", false)]);
}
