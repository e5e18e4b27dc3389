//! What a commit of one row takes meanwhile, in plain SQL: what waits for the disk waits here too.

use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::millis;
use crate::postgres::Postgres;

/// Pause between two commits: some 20 a second, so that they add little to what they are held against, and
/// close enough that no long wait for the disk is missed.
const PAUSE: Duration = Duration::from_millis(50);

/// Commits one row after the other, until it is told to stop.
pub(super) struct Commits {
    stop: CancellationToken,
    running: JoinHandle<Result<Vec<f64>>>,
}

impl Commits {
    pub(super) async fn start(postgres: &Postgres) -> Result<Self> {
        postgres
            .execute(
                "create schema if not exists floor; \
                 create table if not exists floor.noted (at timestamptz default now())",
            )
            .await?;
        let mut connection = postgres.connect().await?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let running = tokio::spawn(async move {
            let mut times = Vec::new();
            while !stopped.is_cancelled() {
                let begun = Instant::now();
                sqlx::query("insert into floor.noted default values").execute(&mut connection).await?;
                times.push(millis(begun.elapsed()));
                sleep(PAUSE).await;
            }
            Ok(times)
        });
        Ok(Self { stop, running })
    }

    /// How long each took, in milliseconds.
    pub(super) async fn stop(self) -> Result<Vec<f64>> {
        self.stop.cancel();
        self.running.await?
    }
}
