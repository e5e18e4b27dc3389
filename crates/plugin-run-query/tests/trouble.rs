//! Trouble that passes: the task is retried, and the plugin finds its way back by itself.

mod common;

use common::{ask, plugin, postgres, reader, retries, run, with};
use serde_json::json;
use task_embedded::Shutdown;
use task_plugin_run_query::Connection;

#[tokio::test]
async fn a_restart_of_the_server_is_survived() {
    let mut postgres = postgres().await;
    let plugin = plugin(&postgres);
    ask(&plugin, "select 1").await.unwrap();
    postgres.restart().await.unwrap();
    // The idle session is dead; another takes its place unnoticed.
    ask(&plugin, "select 1").await.unwrap();
    postgres.shut_down(Shutdown::Fast).await.unwrap();
    let message = retries(&plugin, json!({"query": "select 1"})).await;
    assert!(message.contains("connection `default` cannot be opened"), "{message}");
    assert!(!message.contains("secret"), "{message}");
    postgres.restart().await.unwrap();
    ask(&plugin, "select 1").await.unwrap();
}

#[tokio::test]
async fn a_session_that_is_killed_in_the_middle_is_retried() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    let message = retries(&plugin, json!({"query": "select pg_terminate_backend(pg_backend_pid())"})).await;
    assert!(message.contains("SQLSTATE 57P01"), "{message}");
    ask(&plugin, "select 1").await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_retried_since_operators_mend_it() {
    let postgres = postgres().await;
    let wrong = Connection::new(postgres.url_as("reader", "hunter2", "shop"));
    let plugin = with(&postgres, [("default", wrong)]);
    let message = retries(&plugin, json!({"query": "select 1"})).await;
    assert!(message.contains("password authentication failed") && !message.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn too_many_connections_are_retried() {
    let postgres = postgres().await;
    postgres.execute("shop", "alter role reader connection limit 0").await.unwrap();
    let plugin = plugin(&postgres);
    let message = retries(&plugin, json!({"query": "select 1"})).await;
    assert!(message.contains("too many connections"), "{message}");
}

#[tokio::test]
async fn a_serialization_failure_is_retried() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    let query = "do $$ begin raise exception 'could not serialize' using errcode = '40001'; end $$";
    let message = retries(&plugin, json!({"query": query, "connection": "writer"})).await;
    assert!(message.contains("SQLSTATE 40001"), "{message}");
}

#[tokio::test]
async fn no_more_sessions_are_open_than_allowed() {
    let postgres = postgres().await;
    let two = Connection { max_sessions: 2, ..reader(&postgres) };
    let plugin = with(&postgres, [("default", two)]);
    let count = "select count(*) v from pg_stat_activity where usename = 'reader'";
    let asked = (0..20).map(|_| ask(&plugin, count));
    for answer in futures::future::join_all(asked).await {
        assert!(answer.unwrap()["rows"][0]["v"].as_u64().unwrap() <= 2);
    }
}

#[tokio::test]
async fn the_same_query_twice_on_one_session_works() {
    let postgres = postgres().await;
    let one = Connection { max_sessions: 1, ..reader(&postgres) };
    let plugin = with(&postgres, [("default", one)]);
    for id in 1..=3 {
        let answer =
            run(&plugin, &json!({"query": "select name from item where id = $1", "args": [id]})).await;
        assert_eq!(answer.unwrap()["rows"], json!([{"name": format!("item {id}")}]));
    }
}
