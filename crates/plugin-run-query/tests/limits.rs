//! What a query may not do: write, stay, read too much, wait too long, or touch the queue.

mod common;

use std::time::Duration;

use common::{ask, gives_up, plugin, postgres, reader, retries, run, with};
use serde_json::json;
use task_plugin::Registry;
use task_plugin_run_query::{Connection, Error, KIND, RunQuery, Settings};

#[tokio::test]
async fn rows_stop_at_the_cap_and_the_result_says_so() {
    let postgres = postgres().await;
    let plugin = with(
        &postgres,
        [("default", reader(&postgres)), ("ten", Connection { max_rows: 10, ..reader(&postgres) })],
    );
    let answer = ask(&plugin, "select id from item order by id").await.unwrap();
    assert_eq!((&answer["row_count"], &answer["truncated"]), (&json!(1000), &json!(true)));
    assert_eq!(answer["rows"][999], json!({"id": 1000}));

    let ten = |limit: u32| json!({"connection": "ten", "query": format!("select now() as at, id from item limit {limit}")});
    // One row more than the cap: odd values come from a session of their own.
    let answer = run(&plugin, &ten(11)).await.unwrap();
    assert_eq!((&answer["row_count"], &answer["truncated"]), (&json!(10), &json!(true)));
    assert!(answer["rows"][9]["at"].as_str().unwrap().ends_with("+00:00"));
    let answer = run(&plugin, &ten(10)).await.unwrap();
    assert_eq!((&answer["row_count"], &answer["truncated"]), (&json!(10), &json!(false)));
}

#[tokio::test]
async fn bytes_stop_at_the_cap_and_the_result_can_be_stored() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    // 1 KiB a row, and values that grow when they become JSON.
    for value in [
        "repeat('x', 1024)",
        "repeat(chr(1), 1024)",
        "repeat('\"', 1024)",
        "decode(repeat('ff', 1024), 'hex')",
    ] {
        let answer = ask(&plugin, &format!("select {value} v from item")).await.unwrap();
        assert_eq!(answer["truncated"], json!(true), "{value}");
        assert!(answer["rows"].to_string().len() <= 200 << 10, "{value}");
        assert!(answer["row_count"].as_u64().unwrap() >= 30, "{value}");
    }
    let answer = ask(&plugin, "select repeat('x', 3000000) v").await.unwrap();
    assert_eq!((&answer["row_count"], &answer["truncated"]), (&json!(0), &json!(true)));
}

#[tokio::test]
async fn an_endless_answer_is_left_and_ended_at_the_server() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    let endless = "with recursive endless as (select 1 n union all select n + 1 from endless) table endless";
    let answer = ask(&plugin, endless);
    assert_eq!(answer.await.unwrap()["truncated"], json!(true));
    wait_until(&postgres, "select not exists (select from pg_stat_activity where state = 'active' and query like 'with recursive endless%' and pid <> pg_backend_pid())").await;
}

/// Waits until a query says true, for at most ten seconds.
async fn wait_until(postgres: &task_embedded::Running, condition: &str) {
    let watcher = with(postgres, [("default", reader(postgres))]);
    let look = async {
        while ask(&watcher, &format!("select ({condition}) as v")).await.unwrap()["rows"][0]["v"]
            != json!(true)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), look)
        .await
        .unwrap_or_else(|_| panic!("never: {condition}"));
}

#[tokio::test]
async fn a_slow_query_is_cut_off_by_the_server_and_retried() {
    let postgres = postgres().await;
    let short = Connection { timeout: Duration::from_millis(200), ..reader(&postgres) };
    let plugin = with(&postgres, [("default", short)]);
    let message = retries(&plugin, json!({"query": "select pg_sleep(60)"})).await;
    assert!(message.contains("statement timeout (SQLSTATE 57014)"), "{message}");
    // The session was reset and works on.
    assert_eq!(ask(&plugin, "select 1 a").await.unwrap()["rows"], json!([{"a": 1}]));
}

#[tokio::test]
async fn a_query_that_lifts_its_own_limit_is_cut_off_from_outside() {
    let postgres = postgres().await;
    postgres
        .execute(
            "shop",
            "create function stubborn() returns void language plpgsql as $$
             begin
               loop
                 begin perform pg_sleep(60); exception when query_canceled then null; end;
               end loop;
             end $$;",
        )
        .await
        .unwrap();
    let short = Connection { timeout: Duration::from_millis(100), ..reader(&postgres) };
    let plugin = with(&postgres, [("default", short)]);
    let message = retries(&plugin, json!({"query": "select stubborn()"})).await;
    assert!(message.contains("connection `default` gave no answer within 0.1 s"), "{message}");
    wait_until(
        &postgres,
        "select not exists (select from pg_stat_activity where query = 'select stubborn()')",
    )
    .await;
}

#[tokio::test]
async fn a_dropped_task_ends_its_query_at_the_server() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    let running = tokio::spawn(async move { ask(&plugin, "select pg_sleep(600)").await });
    wait_until(
        &postgres,
        "select exists (select from pg_stat_activity where query = 'select pg_sleep(600)')",
    )
    .await;
    running.abort();
    wait_until(
        &postgres,
        "select not exists (select from pg_stat_activity where query = 'select pg_sleep(600)')",
    )
    .await;
}

#[tokio::test]
async fn reading_connections_do_not_write() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    for sql in [
        "insert into note values (1, 'x')",
        "with w as (insert into note values (1, 'x') returning id) select * from w",
        "create table t (id int)",
        "drop table note",
        "select set_config('transaction_read_only', 'off', false)",
        "do $$ begin insert into note values (1, 'x'); end $$",
        "do $$ begin commit; end $$",
        "vacuum note",
        "select nextval('item_id_seq')",
    ] {
        gives_up(&plugin, json!({"query": sql})).await;
    }
    // Allowed by themselves, but they reach nothing.
    for sql in [
        "commit",
        "rollback",
        "set transaction read write",
        "set default_transaction_read_only = off",
        "begin",
    ] {
        ask(&plugin, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        let message = gives_up(&plugin, json!({"query": "insert into note values (1, 'x')"})).await;
        assert!(message.contains("read-only transaction (SQLSTATE 25006)"), "after {sql}: {message}");
    }
}

#[tokio::test]
async fn only_one_statement_is_taken() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    for sql in [
        "select 1; select 2",
        "commit; insert into note values (1, 'x')",
        "select 1; commit; drop table note",
    ] {
        let message = gives_up(&plugin, json!({"query": sql})).await;
        assert!(message.contains("multiple commands"), "{message}");
    }
    for sql in ["copy note from stdin", "copy item to stdout"] {
        let message = gives_up(&plugin, json!({"query": sql, "connection": "writer"})).await;
        assert!(message.contains("COPY"), "{message}");
    }
    assert_eq!(ask(&plugin, "-- nothing").await.unwrap()["row_count"], json!(0));
}

#[tokio::test]
async fn nothing_leaks_from_one_task_to_the_next() {
    let postgres = postgres().await;
    let one = Connection { max_sessions: 1, read_only: false, ..reader(&postgres) };
    let plugin = with(&postgres, [("default", one)]);
    let backend = |answer: serde_json::Value| answer["rows"][0]["pid"].clone();
    let first = backend(ask(&plugin, "select pg_backend_pid() pid").await.unwrap());
    for sql in [
        "select set_config('search_path', 'nowhere', false)",
        "select pg_advisory_lock(42)",
        "create temp table left_over (id int)",
        "prepare left_over as select 1",
        "listen left_over",
        "declare left_over cursor with hold for select 1",
        "set role none",
    ] {
        ask(&plugin, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    let answer = ask(
        &plugin,
        "select pg_backend_pid() pid, current_setting('search_path') path,
           (select count(*) from pg_locks where locktype = 'advisory') locks,
           (select count(*) from pg_class where relname = 'left_over') tables,
           (select count(*) from pg_prepared_statements where name = 'left_over') prepared,
           (select count(*) from pg_listening_channels()) listening,
           (select count(*) from pg_cursors where name = 'left_over') cursors",
    )
    .await
    .unwrap();
    assert_eq!(
        answer["rows"],
        json!([{"pid": first, "path": "\"$user\", public", "locks": 0, "tables": 0, "prepared": 0, "listening": 0, "cursors": 0}])
    );
}

#[tokio::test]
async fn writing_connections_write_and_count() {
    let postgres = postgres().await;
    let few = Connection { read_only: false, max_rows: 2, ..reader(&postgres) };
    let plugin = with(&postgres, [("default", few)]);
    let insert = "insert into note select n, $1 from generate_series(1, 5) n returning id";
    let answer = run(&plugin, &json!({"query": insert, "args": ["hello"]})).await.unwrap();
    assert_eq!(answer["rows_affected"], json!(5));
    assert_eq!((&answer["row_count"], &answer["truncated"]), (&json!(2), &json!(true)));
    assert_eq!(ask(&plugin, "select count(*) from note").await.unwrap()["rows"], json!([{"count": 5}]));
    // A failed write leaves nothing.
    let message =
        gives_up(&plugin, json!({"query": "insert into note select n from generate_series(6, -1, -1) n"}))
            .await;
    assert!(message.contains("SQLSTATE 23"), "{message}");
    assert_eq!(ask(&plugin, "select count(*) from note").await.unwrap()["rows"], json!([{"count": 5}]));
}

#[tokio::test]
async fn mistakes_in_a_query_are_told_in_postgres_words() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    for (sql, words) in [
        ("selct 1", "syntax error at or near \"selct\" (SQLSTATE 42601) at character 1"),
        ("select * from hidden", "permission denied for table hidden (SQLSTATE 42501)"),
        ("select * from nowhere", "relation \"nowhere\" does not exist (SQLSTATE 42P01) at character 15"),
        ("select nam from item", "hint: Perhaps you meant to reference the column"),
        ("select 1 / 0", "division by zero (SQLSTATE 22012)"),
    ] {
        let message = gives_up(&plugin, json!({"query": sql})).await;
        assert!(message.contains(words), "{sql}: {message}");
    }
    let message = gives_up(&plugin, json!({"query": "select 1", "connection": "prod"})).await;
    assert_eq!(message, "no connection is named `prod`; this worker has: `default`, `writer`");
}

fn shop_and(queue_url: String, url: String) -> RunQuery {
    let connections = [("default".to_owned(), Connection::new(url))].into();
    RunQuery::new(Settings { connections, queue_urls: vec![queue_url] }).unwrap()
}

#[tokio::test]
async fn the_queue_itself_cannot_be_queried() {
    let postgres = postgres().await;
    postgres.create_role("queue_owner", "secret").await.unwrap();
    postgres.create_role("friend", "secret").await.unwrap();
    postgres.execute("queue", "grant queue_owner to friend").await.unwrap();
    let queue = || postgres.url_as("queue_owner", "secret", "queue");
    for (url, words) in [
        (postgres.url_as("reader", "secret", "queue"), "leads to the task queue's own database"),
        (
            postgres.url_as("queue_owner", "secret", "shop"),
            "role `queue_owner` can act as the task queue's role",
        ),
        (postgres.url_as("friend", "secret", "shop"), "role `friend` can act as the task queue's role"),
        (postgres.url("shop"), "role `postgres` can act as the task queue's role"),
    ] {
        let plugin = shop_and(queue(), url);
        let error = plugin.check().await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }) && error.to_string().contains(words), "{error}");
        let message = gives_up(&Registry::new().with(KIND, plugin), json!({"query": "select 1"})).await;
        assert!(message.contains(words) && !message.contains("secret"), "{message}");
    }
    shop_and(queue(), postgres.url_as("reader", "secret", "shop")).check().await.expect("kept apart");
}

#[tokio::test]
async fn a_database_that_holds_a_queue_is_refused_without_being_told_of_it() {
    let postgres = postgres().await;
    postgres
        .execute(
            "queue",
            "create schema q; create table q.task_running (id int); create table q.task_history (id int)",
        )
        .await
        .unwrap();
    let connections = [("default".to_owned(), Connection::new(postgres.url_as("reader", "secret", "queue")))];
    let plugin = RunQuery::new(Settings { connections: connections.into(), queue_urls: Vec::new() }).unwrap();
    let error = plugin.check().await.unwrap_err();
    assert!(error.to_string().contains("its database holds a task queue"), "{error}");
}
