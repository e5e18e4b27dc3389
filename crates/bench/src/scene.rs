//! What the measurements share: tasks to put in, waiting for their end, times from the history.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use sqlx::PgConnection;
use task_client::Options;
use task_domain::ports::Submit;
use task_domain::{Kind, Name, NewTask, Payload};
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use task_store::Store;
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;

use crate::postgres::Postgres;
use crate::statistics::number;

/// How two measurements take turns, by whether it is the second's. Who comes first takes turns as well, since machines
/// become slower or faster meanwhile.
pub(crate) const TURNS: [bool; 4] = [false, true, true, false];

/// The no-op task that everything is measured with.
pub(crate) fn task(n: u64) -> NewTask {
    let mut task = NewTask::new(Name::from_store(format!("task {n}")), Kind::from_store("simulate"));
    task.payload = Payload::from_store("{}");
    task
}

/// The same on the wire.
pub(crate) fn spec(n: u64) -> v1::TaskSpec {
    v1::TaskSpec { name: format!("task {n}"), r#type: "simulate".into(), ..Default::default() }
}

/// A client with a connection of its own.
pub(crate) fn client(url: &str) -> Result<TaskServiceClient<Channel>> {
    Ok(TaskServiceClient::new(task_client::channel(url, &Options::default())?))
}

/// Puts tasks in without a server.
pub(crate) async fn fill(postgres: &Postgres, tasks: u64) -> Result<()> {
    let store = Store::new(postgres.settings()?);
    let mut left = tasks;
    while left > 0 {
        let batch = left.min(1_000);
        for answer in store.submit((0..batch).map(task).collect()).await {
            answer?;
        }
        left -= batch;
    }
    store.close().await;
    postgres.execute("vacuum analyze task_ready").await?;
    postgres.execute("vacuum analyze task").await
}

/// Waits until `tasks` tasks have ended since the database was fresh.
pub(crate) async fn until_ended(connection: &mut PgConnection, tasks: u64) -> Result<()> {
    let begun = Instant::now();
    let mut seen = (0, begun);
    loop {
        let ended: i64 =
            sqlx::query_scalar("select coalesce(sum(n), 0)::bigint from task_status_count where status >= 3")
                .fetch_one(&mut *connection)
                .await?;
        let ended = ended.unsigned_abs();
        if ended >= tasks {
            return Ok(());
        }
        if ended > seen.0 {
            seen = (ended, Instant::now());
        } else if seen.1.elapsed() > Duration::from_mins(1) {
            bail!("stuck at {ended} of {tasks} tasks");
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Time from the first change that led to one of `from` to the last that led to SUCCEEDED, in
/// seconds, by the database's clock.
pub(crate) async fn span(connection: &mut PgConnection, from: &[i16]) -> Result<f64> {
    let (begun,): (Option<f64>,) = sqlx::query_as(
        "select extract(epoch from min(created_at))::float8 from task_history where status = any($1)",
    )
    .bind(from)
    .fetch_one(&mut *connection)
    .await?;
    let (ended,): (Option<f64>,) = sqlx::query_as(
        "select extract(epoch from max(created_at))::float8 from task_history where status = 3",
    )
    .fetch_one(connection)
    .await?;
    Ok(ended.context("nothing ended")? - begun.context("nothing began")?)
}

/// Tasks a second.
pub(crate) fn rate(tasks: u64, seconds: f64) -> f64 {
    number(tasks) / seconds
}
