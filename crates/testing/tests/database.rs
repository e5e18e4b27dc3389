//! Each test has a database of its own, which goes away with it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use sqlx::Connection;
use task_embedded::Shutdown;
use task_testing::{Database, eventually, own_cluster};

#[tokio::test]
async fn each_database_is_fresh_and_migrated() {
    let (one, other) = tokio::join!(Database::new(), Database::new());
    assert_ne!(one.name(), other.name());
    sqlx::query("insert into task_lane (queue, type, priority) values ('q', 't', 0)")
        .execute(&one.pool())
        .await
        .expect("the tables are there");
    assert_eq!(lanes(&one).await, 1);
    assert_eq!(lanes(&other).await, 0, "one test must not see the rows of another");
}

#[tokio::test]
async fn an_empty_database_has_no_tables() {
    let database = Database::empty().await;
    let mut connection = database.connect().await;
    let tables: i64 =
        sqlx::query_scalar("select count(*) from pg_class where relnamespace = 'public'::regnamespace")
            .fetch_one(&mut connection)
            .await
            .expect("an answer");
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn a_database_goes_away_with_its_test_also_by_panic() {
    let watcher = Database::empty().await;
    let kept = Database::new().await;
    let (ended, panicked) = (Database::new().await, Database::new().await);
    let names = [kept.name(), ended.name(), panicked.name()].map(str::to_owned);
    assert_eq!(existing(&watcher, &names).await, names);

    // Somebody still connected must not keep it alive.
    let connection = ended.connect().await;
    drop(ended);
    let test = async move {
        let _database = panicked;
        panic!("as a failing test does");
    };
    AssertUnwindSafe(test).catch_unwind().await.expect_err("it panics");
    assert_eq!(existing(&watcher, &names).await, names[..1]);
    drop(connection);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_cluster_can_be_killed_and_restarted() {
    let mut cluster = own_cluster().await;
    let database = cluster.database().await;
    assert_eq!(lanes(&database).await, 0);
    cluster.postgres.kill_hard().await.expect("killed");
    // Not by the pool, which would try again for half a minute.
    sqlx::PgConnection::connect(&database.url()).await.expect_err("nobody answers");
    cluster.postgres.restart().await.expect("restarted");
    eventually("an answer of the restarted server", Duration::from_secs(10), async || {
        sqlx::query("select 1").execute(&database.pool()).await
    })
    .await;
    assert_eq!(lanes(&database).await, 0, "the address is the same, and the tables are still there");
    cluster.postgres.shut_down(Shutdown::Immediate).await.expect("stopped");
    // Dropping a database whose server is down is no failure.
    drop(database);
}

async fn lanes(database: &Database) -> i64 {
    let count = sqlx::query_scalar("select count(*) from task_lane").fetch_one(&database.pool()).await;
    count.expect("the tables are there")
}

async fn existing(watcher: &Database, names: &[String]) -> Vec<String> {
    sqlx::query_scalar("select datname::text from pg_database where datname = any($1) order by array_position($1, datname::text)")
        .bind(names)
        .fetch_all(&watcher.pool())
        .await
        .expect("an answer")
}
