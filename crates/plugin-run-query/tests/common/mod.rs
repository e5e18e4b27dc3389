//! A real Postgres with a queue's database and one to query, and the plugin as a worker meets it.
#![allow(dead_code, reason = "each test program uses its own part")]

use serde_json::Value;
use task_domain::{Claimed, Epoch, Kind, Lease, Name, Payload, Retries, TaskId};
use task_embedded::{Durability, Running};
use task_plugin::{Context, Error, Outcome, Parameters, Registry, Retry, Signal};
use task_plugin_run_query::{Connection, KIND, RunQuery, Settings};

/// A server with the databases `queue` and `shop`, and the role `reader` that may use `shop`.
pub(crate) async fn postgres() -> Running {
    let settings = task_embedded::Settings::ephemeral().durability(Durability::UntilMachineCrash);
    let postgres = task_embedded::start(settings.max_connections(40)).await.expect("a server");
    for database in ["queue", "shop"] {
        postgres.create_database_if_missing(database).await.expect("a database");
    }
    postgres.create_role("reader", "secret").await.expect("a role");
    postgres
        .execute(
            "shop",
            "create table item (id bigint primary key, name text not null);
             insert into item select n, 'item ' || n from generate_series(1, 5000) n;
             create table note (id int primary key, text text, check (id > 0));
             create table hidden (id int);
             grant select on item to reader; grant all on note to reader;",
        )
        .await
        .expect("tables");
    postgres
}

/// The reader's connection to `shop`.
pub(crate) fn reader(postgres: &Running) -> Connection {
    Connection::new(postgres.url_as("reader", "secret", "shop"))
}

/// The plugin with a reading connection `default` and a writing one, `writer`.
pub(crate) fn plugin(postgres: &Running) -> Registry {
    with(
        postgres,
        [("default", reader(postgres)), ("writer", Connection { read_only: false, ..reader(postgres) })],
    )
}

/// The plugin with these connections.
pub(crate) fn with<const N: usize>(postgres: &Running, connections: [(&str, Connection); N]) -> Registry {
    let connections = connections.into_iter().map(|(name, c)| (name.to_owned(), c));
    let settings = Settings { connections: connections.collect(), queue_urls: vec![postgres.url("queue")] };
    Registry::new().with(KIND, RunQuery::new(settings).expect("good settings"))
}

/// Runs a task with these parameters.
pub(crate) async fn run(registry: &Registry, parameters: &Value) -> Result<Value, Error> {
    let claimed = Claimed {
        lease: Lease { task: TaskId::new(1).unwrap(), attempt: 1, epoch: Epoch::from_store(1) },
        name: Name::new("ask").unwrap(),
        kind: Kind::new(KIND).unwrap(),
        payload: Payload::new(&parameters.to_string()).unwrap(),
        retries: Retries::default(),
        failures: 0,
        backoff: None,
        timeout: None,
    };
    let context = Context::new(&claimed, None, Signal::default());
    let outcome = registry.run(&claimed.kind, context, Parameters::new(claimed.payload)).unwrap().await?;
    match outcome {
        Outcome::Done(Some(result)) => Ok(serde_json::from_str(result.as_str()).unwrap()),
        other => panic!("no result: {other:?}"),
    }
}

/// Runs a query without arguments.
pub(crate) async fn ask(registry: &Registry, query: &str) -> Result<Value, Error> {
    run(registry, &serde_json::json!({ "query": query })).await
}

/// Runs a query that must fail for good, and gives back the message.
pub(crate) async fn gives_up(registry: &Registry, parameters: Value) -> String {
    let error = run(registry, &parameters).await.expect_err(&parameters.to_string());
    assert_eq!(error.retry_hint(), Retry::IsUseless, "{error}");
    error.message().to_owned()
}

/// Runs a query that must fail for now, and gives back the message.
pub(crate) async fn retries(registry: &Registry, parameters: Value) -> String {
    let error = run(registry, &parameters).await.expect_err(&parameters.to_string());
    assert_eq!(error.retry_hint(), Retry::MayHelp, "{error}");
    error.message().to_owned()
}
