//! Tasks put in through gRPC, each answered only after its commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::Result;
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use tokio::time::Instant;
use tonic::transport::Channel;

use crate::postgres::Postgres;
use crate::processes::Process;
use crate::scene::{rate, spec};

/// What submitting came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Submit {
    /// Tasks a second.
    pub(crate) rate: f64,
    /// Processor time of the server for each task, in microseconds.
    pub(crate) cpu_us: f64,
}

/// Puts tasks in by batches from `callers` concurrent callers; by single calls if `batch` is 1.
pub(crate) async fn measure(postgres: &Postgres, tasks: u64, batch: u64, callers: u64) -> Result<Submit> {
    postgres.fresh().await?;
    let (server, url) = Process::server(&postgres.url()).await?;
    // The first calls open connections and meet new lanes.
    put(&url, 100, batch.min(100), callers.min(4)).await?;
    let before = server.usage()?.cpu;
    let begun = Instant::now();
    put(&url, tasks, batch, callers).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = server.usage()?.cpu - before;
    server.stop().await?;
    Ok(Submit { rate: rate(tasks, seconds), cpu_us: cpu.as_secs_f64() * 1e6 / rate(tasks, 1.0) })
}

/// Puts `tasks` tasks in and returns when all are answered.
pub(crate) async fn put(url: &str, tasks: u64, batch: u64, callers: u64) -> Result<()> {
    let left = Arc::new(AtomicU64::new(tasks / batch));
    let mut calls = tokio::task::JoinSet::new();
    let mut channels = Vec::new();
    for _ in 0..callers.min(4) {
        channels.push(Channel::from_shared(url.to_owned())?.connect().await?);
    }
    for caller in 0..callers {
        let place = usize::try_from(caller)? % channels.len();
        let client = TaskServiceClient::new(channels[place].clone());
        calls.spawn(call(client, left.clone(), batch));
    }
    while let Some(done) = calls.join_next().await {
        done??;
    }
    Ok(())
}

async fn call(mut client: TaskServiceClient<Channel>, left: Arc<AtomicU64>, batch: u64) -> Result<()> {
    while left.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok() {
        if batch == 1 {
            client.create_task(v1::CreateTaskRequest { task: Some(spec(0)) }).await?;
        } else {
            let tasks = (0..batch).map(spec).collect();
            let answer = client.create_tasks(v1::CreateTasksRequest { tasks }).await?.into_inner();
            for result in answer.results {
                anyhow::ensure!(
                    matches!(result.result, Some(v1::create_task_result::Result::Task(_))),
                    "a task was refused"
                );
            }
        }
    }
    Ok(())
}
