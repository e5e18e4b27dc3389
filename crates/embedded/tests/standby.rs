//! A standby that takes over.
#![allow(missing_docs, reason = "the names of the tests say it")]

mod common;

use common::{query, reachable_dir};
use task_embedded::{Error, Settings, Shutdown, start};

#[tokio::test]
async fn a_standby_takes_over_from_a_killed_primary_and_has_all_it_had() {
    let dir = reachable_dir();
    let mut primary = start(Settings::kept(dir.path().join("first"))).await.expect("a primary");
    primary.execute("postgres", "CREATE TABLE kept AS SELECT 42 AS answer").await.expect("a table");
    let second = Settings::kept(dir.path().join("second"));
    let standby = primary.start_standby(second).await.expect("a standby");
    let ask = |url: &str, sql: &str| query(&standby, url, sql);
    let (first, second) = (primary.url("postgres"), standby.url("postgres"));
    assert_eq!(ask(&second, "SELECT pg_is_in_recovery()").as_deref(), Ok("t"));

    // From here on nothing is committed that the standby does not have.
    primary
        .execute("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'; SELECT pg_reload_conf();")
        .await
        .expect("a setting");
    ask(&first, "INSERT INTO kept VALUES (43)").expect("a row");
    primary.kill_hard().await.expect("it is gone");
    standby.promote().await.expect("it takes over");
    assert_eq!(ask(&second, "SELECT string_agg(answer::text, ' ') FROM kept").as_deref(), Ok("42 43"));
    ask(&second, "INSERT INTO kept VALUES (44)").expect("it takes writes");
    standby.stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn a_standby_needs_a_directory() {
    let dir = reachable_dir();
    let primary = start(Settings::kept(dir.path().join("first"))).await.expect("a primary");
    let refused = primary.start_standby(Settings::ephemeral()).await;
    assert!(matches!(refused, Err(Error::Settings(_))), "{refused:?}");
}
