//! Everything in one process, on a real Postgres.

use std::borrow::Cow;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::error::DatabaseError;
use sqlx::{Connection, PgConnection};
use task_client::v1::{self, Status};
use task_client::{Client, Options as ClientOptions};
use task_plugin::Registry;
use task_plugin_run_query::{Connection as QueryConnection, RunQuery, Settings as QuerySettings};
use task_plugin_send_email::{Security, SendEmail, Settings as MailSettings};
use task_plugin_simulate::Simulate;
use task_standalone::{Error, LocalServices, OnMail, Options, PluginsResult, Running, start};
use task_testing::{Database, eventually, oracle};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longest wait for anything.
const LONG: Duration = Duration::from_mins(1);

/// The built-in plugins, on the local services.
fn plugins(services: &LocalServices) -> PluginsResult {
    let mut queries = QuerySettings { queue_urls: vec![services.queue_url.clone()], ..Default::default() };
    if let Some(url) = &services.demo_url {
        queries.connections.insert("default".into(), QueryConnection::new(url));
    }
    let mail = MailSettings {
        port: services.mail.port(),
        security: Security::None,
        ..MailSettings::new(services.mail.ip().to_string())
    };
    Ok(Registry::new()
        .with("simulate", Simulate)
        .with("run_query", RunQuery::new(queries)?)
        .with("send_email", SendEmail::new(&mail)?))
}

fn options() -> Options {
    Options { listen: "127.0.0.1:0".into(), ..Options::default() }
}

/// The whole, with a client.
struct Service {
    client: Client,
    queue_url: String,
    demo_url: Option<String>,
    stop: CancellationToken,
    done: JoinHandle<Result<(), Error>>,
}

impl Service {
    async fn start(options: Options) -> Self {
        Self::of(start(options, plugins).await.expect("everything starts"))
    }

    fn of(running: Running) -> Self {
        let client = Client::new(&format!("http://{}", running.address()), ClientOptions::default());
        let LocalServices { queue_url, demo_url, .. } = running.services().clone();
        let stop = CancellationToken::new();
        let done = tokio::spawn(running.run(stop.clone()));
        Self { client: client.expect("an address"), queue_url, demo_url, stop, done }
    }

    async fn create(&self, kind: &str, payload: &str) -> i64 {
        let spec = v1::TaskSpec {
            name: format!("a {kind}"),
            r#type: kind.into(),
            payload: payload.into(),
            ..Default::default()
        };
        self.client.create(spec).await.expect("a task").id
    }

    /// The task once it has ended.
    async fn ended(&self, id: i64) -> v1::Task {
        eventually("the task's end", LONG, async || {
            let task = self.client.get(id).await.map_err(|error| error.to_string())?.task.expect("a task");
            let status = task.summary.clone().expect("a summary").status();
            match status {
                Status::Succeeded | Status::Failed | Status::Cancelled => Ok(task),
                other => Err(other.as_str_name().to_owned()),
            }
        })
        .await
    }

    async fn succeeds(&self, kind: &str, payload: &str) -> v1::Task {
        let id = self.create(kind, payload).await;
        let task = self.ended(id).await;
        assert_eq!(task.summary.clone().expect("a summary").status(), Status::Succeeded, "{task:?}");
        task
    }

    async fn stop(self) {
        self.stop.cancel();
        self.done.await.expect("no panic").expect("an orderly end");
    }
}

/// A directory that the user who runs Postgres can enter, when the tests run as root.
fn reachable_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("a mode");
    dir
}

fn postgres_pid(data_dir: &Path) -> Option<Pid> {
    let file = fs::read_to_string(data_dir.join("cluster/postmaster.pid")).ok()?;
    file.lines().next()?.parse().ok().map(Pid::from_raw)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_run_and_data_outlives_a_stop() {
    let dir = reachable_dir();
    let data_dir = dir.path().join("data");
    let (tell, mut told) = mpsc::channel(8);
    let on_mail = OnMail::new(move |mail| tell.try_send(mail.clone()).expect("few mails"));
    let options = Options { data_dir: Some(data_dir.clone()), on_mail, ..options() };
    let service = Service::start(options.clone()).await;

    let query = r#"{"query": "select name from customers where id = $1", "args": [1]}"#;
    let answer = service.succeeds("run_query", query).await;
    assert!(answer.result.contains("Ada Blum"), "{answer:?}");
    let mail = r#"{"to": "a@example.com, b@example.com", "subject": "Weekly Update", "body": "hello"}"#;
    let id = service.succeeds("send_email", mail).await.summary.expect("a summary").id;
    let mail = tokio::time::timeout(LONG, told.recv()).await.expect("told in time").expect("a mail");
    assert_eq!(mail.subject.as_deref(), Some("Weekly Update"));
    assert_eq!(mail.to, ["a@example.com", "b@example.com"]);
    assert_eq!(mail.from, "tasks@localhost");

    let pid = postgres_pid(&data_dir).expect("Postgres runs");
    service.stop().await;
    assert_eq!(postgres_pid(&data_dir), None, "Postgres has stopped and cleared up");
    kill(pid, None).expect_err("Postgres is gone");

    let again = Service::start(options).await;
    let kept = again.client.get(id).await.expect("the task is still there").task.expect("a task");
    assert_eq!(kept.summary.expect("a summary").status(), Status::Succeeded);
    again.succeeds("run_query", query_of_orders()).await;
    again.stop().await;
}

fn query_of_orders() -> &'static str {
    r#"{"query": "select status, sum(total) from orders group by status"}"#
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_dies_is_started_again() {
    let dir = reachable_dir();
    let data_dir = dir.path().join("data");
    let service = Service::start(Options { data_dir: Some(data_dir.clone()), ..options() }).await;
    let before = service.create("simulate", r#"{"duration": "50ms"}"#).await;
    let pid = postgres_pid(&data_dir).expect("Postgres runs");
    kill(pid, Signal::SIGKILL).expect("it is ours");
    eventually("another Postgres", LONG, async || match postgres_pid(&data_dir) {
        Some(other) if other != pid => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    service.ended(before).await;
    service.succeeds("simulate", "{}").await;
    let pool = sqlx::PgPool::connect(&service.queue_url).await.expect("the queue's database");
    oracle(&pool).await.expect("a consistent database");
    pool.close().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_role_reads_and_does_nothing_else() {
    let service = Service::start(options()).await;
    let url = service.demo_url.clone().expect("a demo database");
    let mut demo = PgConnection::connect(&url).await.expect("it may log in");
    let customers: i64 =
        sqlx::query_scalar("select count(*) from customers").fetch_one(&mut demo).await.expect("rows");
    assert_eq!(customers, 5);
    sqlx::query("set default_transaction_read_only = off").execute(&mut demo).await.expect("a setting");
    for forbidden in [
        "insert into customers values (9, 'x', 'x', 'x', now())",
        "delete from orders",
        "create table t (n int)",
        "create temporary table t (n int)",
        "create schema s",
        "create role r",
        "select pg_read_file('postgresql.conf')",
        "copy customers to program 'true'",
        "set role postgres",
    ] {
        let refused = sqlx::query(forbidden).execute(&mut demo).await.expect_err(forbidden);
        let code = refused.as_database_error().and_then(DatabaseError::code).map(Cow::into_owned);
        assert_eq!(code.as_deref(), Some("42501"), "`{forbidden}`: {refused}");
    }
    for database in ["tasks", "postgres", "template1"] {
        let other = url.replace("/demo?", &format!("/{database}?"));
        assert_ne!(other, url);
        let refused = PgConnection::connect(&other).await.expect_err(database).to_string();
        assert!(refused.contains("permission denied for database"), "{database}: {refused}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_given_database_is_used() {
    let database = Database::empty().await;
    let service = Service::start(Options { database_url: Some(database.url()), ..options() }).await;
    assert_eq!(service.demo_url, None);
    service.succeeds("simulate", "{}").await;
    service.stop().await;
    oracle(&database.pool()).await.expect("a consistent database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_running_tasks_finish() {
    let database = Database::empty().await;
    let given = Options { database_url: Some(database.url()), grace: LONG, ..options() };
    let service = Service::start(given).await;
    let id = service.create("simulate", r#"{"duration": "300ms"}"#).await;
    eventually("the task runs", LONG, async || {
        let task = service.client.get(id).await.map_err(|error| error.to_string())?.task.expect("a task");
        let status = task.summary.expect("a summary").status();
        if status == Status::Running { Ok(()) } else { Err(status.as_str_name().to_owned()) }
    })
    .await;
    service.stop().await;
    let status: i16 = sqlx::query_scalar("select status from task_finished where task_id = $1")
        .bind(id)
        .fetch_one(&database.pool())
        .await
        .expect("it has finished");
    assert_eq!(status, 3, "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_start_says_why() {
    let database = Database::empty().await;
    let given = || Options { database_url: Some(database.url()), ..options() };
    let taken = Arc::new(tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let address = taken.local_addr().expect("an address").to_string();

    let refused = start(Options { listen: address.clone(), ..given() }, plugins).await.expect_err("taken");
    assert!(refused.to_string().contains(&address) && refused.to_string().contains("in use"), "{refused}");
    let refused = start(given(), |_| Err("no such plugin".into())).await.expect_err("no plugins");
    assert!(matches!(refused, Error::Plugins(_)), "{refused}");
    let refused = start(Options { slots: 0, ..given() }, plugins).await.expect_err("no slots");
    assert!(refused.to_string().contains("concurrency"), "{refused}");
    let refused = start(Options { database_url: Some("mysql://x".into()), ..options() }, plugins).await;
    let refused = refused.expect_err("no such database").to_string();
    assert!(refused.contains("database-url"), "{refused}");
    let empty = tempfile::tempdir().expect("a directory");
    let none = Options { postgres_dir: Some(empty.path().to_owned()), ..options() };
    let refused = start(none, plugins).await.expect_err("no Postgres there").to_string();
    assert!(refused.contains("holds no `postgres`"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_cannot_share_a_data_directory() {
    let dir = reachable_dir();
    let kept = Options { data_dir: Some(dir.path().join("data")), ..options() };
    let service = Service::start(kept.clone()).await;
    let refused = start(kept, plugins).await.expect_err("in use").to_string();
    assert!(refused.contains("in use by another process"), "{refused}");
    service.succeeds("simulate", "{}").await;
    service.stop().await;
}
