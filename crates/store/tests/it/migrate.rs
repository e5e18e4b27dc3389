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
async fn a_database_that_is_down_is_unavailable() {
    let settings = Settings::new("postgres://nobody@127.0.0.1:1/none").unwrap();
    let error = migrate::run(&settings).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
}
