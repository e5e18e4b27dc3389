//! Hints: those of a task that comes alone, and those that nobody of ours sent, which are never trusted.

use std::time::Duration;

use futures::StreamExt;
use sqlx::postgres::PgListener;
use task_domain::ports::{Feed, Follow};
use task_domain::{IdempotencyKey, NewTask, Status};
use task_testing::new_task;

use crate::Scene;

const LIMIT: Duration = Duration::from_secs(20);

/// Payloads that are no lane's number, or not one that there is.
const ODD: [&str; 10] =
    ["", "x", "-1", "2147483647", "-2147483648", "9223372036854775808", "1e9", "{\"a\":1}", "☕", " 7 "];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_hints_cost_nothing() {
    let scene = Scene::new().await;
    let mut worker = scene.worker(&["a"]).await;
    let mut feed = Box::pin(scene.store.follow());
    assert_eq!(feed.next().await, Some(Feed::Live));
    let pool = scene.database.pool();
    let long = "9".repeat(7_999);
    for channel in ["task_ready", "task_changed", "task_cancelled"] {
        for payload in ODD.iter().copied().chain([long.as_str()]) {
            sqlx::query("select pg_notify($1, $2)")
                .bind(channel)
                .bind(payload)
                .execute(&pool)
                .await
                .expect("told");
        }
    }
    for round in 0..3 {
        let id = scene.create(new_task("a", &format!("round {round}"))).await;
        let claimed = worker.claim_some(1).await;
        assert_eq!(claimed[0].lease.task, id);
        worker.settle(&claimed[0], task_domain::Decision::Succeed(None)).await;
        // Every change is told, as before.
        let mut versions = 0;
        let seen = tokio::time::timeout(LIMIT, async {
            while versions < 3 {
                match feed.next().await {
                    Some(Feed::Changes(changes)) => {
                        versions += changes.iter().filter(|c| c.task == id).count();
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
        seen.await.expect("all changes are told");
    }
    scene.check().await;
}

/// Longer than there must have been no hint for one to go with a commit.
const WHILE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_task_that_comes_alone_is_told_of_by_its_own_commit() {
    let scene = Scene::new().await;
    let mut listener = PgListener::connect_with(&scene.database.pool()).await.unwrap();
    listener.listen_all(["task_ready", "task_changed"]).await.unwrap();
    let mut hear = async || {
        let hint = tokio::time::timeout(LIMIT, listener.recv()).await.expect("a hint").unwrap();
        let by: Option<String> = sqlx::query_scalar("select query from pg_stat_activity where pid = $1")
            .bind(i32::try_from(hint.process_id()).unwrap())
            .fetch_optional(&scene.database.pool())
            .await
            .unwrap();
        let by_itself = by.is_some_and(|by| by.contains("insert into task "));
        (hint.channel().to_owned(), hint.payload().to_owned(), by_itself)
    };
    // Nothing is known of the database before the first.
    scene.create(new_task("a", "first")).await;
    for channel in ["task_ready", "task_changed"] {
        assert_eq!(hear().await, (channel.to_owned(), "1".to_owned(), false));
    }
    let keyed = NewTask { key: Some(IdempotencyKey::new("key").unwrap()), ..new_task("b", "keyed") };
    for (task, lanes) in [(new_task("a", "alone"), "1"), (keyed.clone(), "2")] {
        tokio::time::sleep(WHILE).await;
        scene.create(task).await;
        for channel in ["task_ready", "task_changed"] {
            assert_eq!(hear().await, (channel.to_owned(), lanes.to_owned(), true));
        }
    }
    // What was there before is nothing to tell of.
    tokio::time::sleep(WHILE).await;
    assert!(!scene.try_create(vec![keyed]).await.remove(0).unwrap().is_new);
    scene.run_sql("select pg_notify('task_ready', 'next')").await;
    assert_eq!(hear().await, ("task_ready".to_owned(), "next".to_owned(), false));
    scene.check().await;
}

#[tokio::test]
async fn a_hint_that_fails_costs_no_task() {
    let scene = Scene::new().await;
    // In place of Postgres' own, in the sessions that begin from here on.
    scene
        .run_sql(
            "do $do$ begin
                 create sequence failed;
                 create function pg_notify(text, text) returns void language plpgsql as $$ begin
                     if current_query() like '%insert into task %' then
                         perform nextval('failed');
                         raise 'too many notifications in the NOTIFY queue' using errcode = '54000';
                     end if;
                     perform pg_catalog.pg_notify($1, $2);
                 end $$;
                 execute format('alter database %I set search_path = public, pg_catalog', current_database());
             end $do$",
        )
        .await;
    scene.create(new_task("a", "first")).await;
    // It is tried once, and then not again for long.
    for round in 0..3 {
        tokio::time::sleep(WHILE).await;
        let id = scene.create(new_task("b", &format!("alone, {round}"))).await;
        assert_eq!(scene.statuses(id).await, [Status::Pending]);
    }
    let of = async |what: &'static str| -> i64 {
        sqlx::query_scalar(what).fetch_one(&scene.database.pool()).await.unwrap()
    };
    assert_eq!(of("select last_value from failed where is_called").await, 1);
    assert_eq!(of("select count(*) from task").await, 4);
    scene.check().await;
}
