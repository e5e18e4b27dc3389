//! Server, worker and callers that keep a backlog in front of the worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::Result;
use sqlx::PgConnection;
use task_proto::v1::task_service_client::TaskServiceClient;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};
use tonic::transport::Channel;

use crate::postgres::Postgres;
use crate::processes::Process;
use crate::scene::client;
use crate::statistics::number;
use crate::submit::create;

/// Tasks that wait at most: deep enough that the worker never waits, so shallow that what is
/// submitted runs in the same measurement.
const BACKLOG: u64 = 30_000;
const CALLERS: usize = 4;
const BATCH: u64 = 250;
/// Time between two looks at what has ended. Callers submit no more than the backlog in this time, which must be
/// several times what the quickest machine ends: with half a second, 60,000 a second were the most that could be seen.
const LOOK: Duration = Duration::from_millis(100);

/// Everything that has to run.
pub(crate) struct FullSpeed {
    server: Process,
    worker: Process,
    url: String,
    look: PgConnection,
}

impl FullSpeed {
    /// Starts server and worker on the database as it is.
    pub(crate) async fn start(postgres: &Postgres) -> Result<Self> {
        let (server, url) = Process::server(&postgres.url()).await?;
        let worker = Process::worker(&postgres.url(), 100)?;
        Ok(Self { server, worker, url, look: postgres.connect().await? })
    }

    /// Keeps submitting for `time`; tasks that ended in each second.
    pub(crate) async fn run(mut self, time: Duration) -> Result<Vec<f64>> {
        let gate = Arc::new(Gate::default());
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(call(client(&self.url)?, gate.clone()));
        }
        let rates = self.watch(time, &gate).await;
        gate.stop.store(true, Relaxed);
        while let Some(caller) = callers.join_next().await {
            caller??;
        }
        self.worker.stop().await?;
        self.server.stop().await?;
        rates
    }

    async fn watch(&mut self, time: Duration, gate: &Gate) -> Result<Vec<f64>> {
        let mut rates = Vec::new();
        let begun = Instant::now();
        let mut seen = (ended(&mut self.look).await?, begun);
        let first = seen.0;
        let mut looks = interval(LOOK);
        while begun.elapsed() < time {
            looks.tick().await;
            let done = ended(&mut self.look).await?;
            gate.ended.store(done - first, Relaxed);
            let passed = seen.1.elapsed();
            if passed >= Duration::from_secs(1) {
                rates.push(number(done - seen.0) / passed.as_secs_f64());
                seen = (done, Instant::now());
            }
        }
        Ok(rates)
    }
}

/// Lets callers submit as long as the backlog is not deep.
#[derive(Default)]
struct Gate {
    submitted: AtomicU64,
    ended: AtomicU64,
    stop: AtomicBool,
}

async fn call(mut client: TaskServiceClient<Channel>, gate: Arc<Gate>) -> Result<()> {
    while !gate.stop.load(Relaxed) {
        if gate.submitted.load(Relaxed).saturating_sub(gate.ended.load(Relaxed)) > BACKLOG {
            sleep(Duration::from_millis(5)).await;
            continue;
        }
        gate.submitted.fetch_add(BATCH, Relaxed);
        create(&mut client, 0, BATCH).await?;
    }
    Ok(())
}

/// Tasks that have ended so far.
async fn ended(connection: &mut PgConnection) -> Result<u64> {
    let ended: i64 =
        sqlx::query_scalar("select coalesce(sum(n), 0)::bigint from task_status_count where status >= 3")
            .fetch_one(connection)
            .await?;
    Ok(ended.unsigned_abs())
}
