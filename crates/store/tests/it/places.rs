//! Finding the server that takes writes.

use std::error::Error as _;
use std::net::TcpListener;

use task_domain::ports::{Error, Read, Submit};
use task_store::{Settings, Store};
use task_testing::{Database, new_task};

/// Puts another host before the one of this URL.
fn behind(host: &str, url: &str) -> String {
    url.replacen('@', &format!("@{host},"), 1)
}

#[tokio::test]
async fn a_host_that_is_down_or_silent_is_passed_by() {
    let database = Database::new().await;
    // Takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = behind(&silent.local_addr().unwrap().to_string(), &behind("127.0.0.1:1", &database.url()));
    let store = Store::new(Settings::new(&url).unwrap());
    let created = store.submit(vec![new_task("a", "found")]).await.remove(0).unwrap();
    assert_eq!(store.get(created.id).await.unwrap().summary.id, created.id);
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_not_used() {
    let database = Database::new().await;
    let name = database.url().rsplit_once('/').unwrap().1.split('?').next().unwrap().to_owned();
    let statement = format!("alter database {name} set default_transaction_read_only = on");
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&database.pool()).await.unwrap();
    let store = Store::new(Settings::new(&database.url()).unwrap());
    let answers = [
        store.submit(vec![new_task("a", "refused")]).await.remove(0).map(drop),
        store.get(task_domain::TaskId::new(1).unwrap()).await.map(drop),
    ];
    for answer in answers {
        let error = answer.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        let why = error.source().unwrap().to_string();
        assert!(why.contains("takes no writes"), "{why}");
    }
}
