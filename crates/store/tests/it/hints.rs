//! Hints: those of a task that comes alone, and those that nobody of ours sent, which are never trusted.

use std::time::Duration;

use futures::StreamExt;
use sqlx::postgres::PgListener;
use task_domain::ports::{Feed, Follow};
use task_domain::{IdempotencyKey, NewTask, Status};
use task_testing::new_task;

use crate::Scene;

const LIMIT: Duration = Duration::from_secs(20);

/// Payloads that are no lane's number, or not one that there is; and no spot, or none where a task waits.
const ODD: [&str; 20] = [
    "",
    "x",
    "-1",
    "2147483647",
    "-2147483648",
    "9223372036854775808",
    "1e9",
    "{\"a\":1}",
    "☕",
    " 7 ",
    "1 ",
    "1 1",
    "1 1 5",
    "1 1 5 0",
    "1 1 5 7 9",
    "1 1 5 9223372036854775807",
    "1 2147483648 5 7",
    "1 1 -5 7",
    "1 1 253402207200999999 7",
    "1 1 18446744073709551615 7",
];

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
        let id = scene.create(task).await;
        let at = scene.spot(id).await.at.as_microsecond();
        // Workers are told where it waits: here, the newest lane is its own.
        assert_eq!(hear().await, ("task_ready".to_owned(), format!("{lanes} {lanes} {at} {id}"), true));
        assert_eq!(hear().await, ("task_changed".to_owned(), lanes.to_owned(), true));
    }
    // What was there before is nothing to tell of.
    tokio::time::sleep(WHILE).await;
    assert!(!scene.try_create(vec![keyed]).await.remove(0).unwrap().is_new);
    scene.run_sql("select pg_notify('task_ready', 'next')").await;
    assert_eq!(hear().await, ("task_ready".to_owned(), "next".to_owned(), false));
    scene.check().await;
}

/// The queue of hints is full, the role may send none, somebody holds the lock on them.
#[tokio::test]
async fn a_hint_that_fails_costs_no_task() {
    for code in ["54000", "42501", "55P03"] {
        let scene = refusing(code).await;
        // It is tried once, and then not again for long.
        for round in 0..3 {
            tokio::time::sleep(WHILE).await;
            let id = scene.create(new_task("b", &format!("alone, {round}"))).await;
            assert_eq!(scene.statuses(id).await, [Status::Pending], "{code}");
        }
        assert_eq!((refused(&scene).await, tasks(&scene).await), (1, 4), "{code}");
        scene.check().await;
    }
}

/// Whatever else it is, nobody knows that nothing was done.
#[tokio::test]
async fn a_task_that_fails_otherwise_is_not_tried_again_without_its_hint() {
    let scene = refusing("58000").await;
    tokio::time::sleep(WHILE).await;
    scene.try_create(vec![new_task("b", "alone")]).await.remove(0).unwrap_err();
    assert_eq!((refused(&scene).await, tasks(&scene).await), (1, 1));
}

/// A database that refuses a commit with this code, if a hint goes along, after a first task.
async fn refusing(code: &str) -> Scene {
    let scene = Scene::new().await;
    scene.create(new_task("a", "first")).await;
    let refuse = format!(
        "create sequence refused;
         create function note() returns trigger language plpgsql as $$ begin
             -- At the commit, nobody knows any more what was asked for.
             perform set_config('test.told', (current_query() like '%pg_notify%')::text, true);
             return null;
         end $$;
         create function refuse() returns trigger language plpgsql as $$ begin
             if current_setting('test.told') = 'true' then
                 perform nextval('refused');
                 raise 'no hints today' using errcode = '{code}';
             end if;
             return null;
         end $$;
         create trigger note after insert on task for each row execute function note();
         create constraint trigger refuse after insert on task deferrable initially deferred
             for each row execute function refuse()"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(refuse)).execute(&scene.database.pool()).await.unwrap();
    scene
}

async fn refused(scene: &Scene) -> i64 {
    let refused = "select last_value from refused where is_called";
    sqlx::query_scalar(refused).fetch_one(&scene.database.pool()).await.expect("it was tried")
}

async fn tasks(scene: &Scene) -> i64 {
    sqlx::query_scalar("select count(*) from task").fetch_one(&scene.database.pool()).await.unwrap()
}
