//! What has to be done now and then by somebody: fold events into counts, take work back from
//! workers that were lost. Any number of processes may do it at once.

use std::time::Duration;

use task_domain::limits;
use task_domain::ports::Result;

use crate::Store;
use crate::arrays::millis;
use crate::error::from_sqlx;
use crate::session::LEASE_TIME;

/// Events are kept this long for watches to read, in seconds: longer than any statement may take,
/// so that one which is committed late is still there to be read.
const KEEP_EVENTS_SECONDS: i32 = 60;
/// Most tasks taken back in one statement.
const RECLAIM_BATCH: i64 = 1_000;

/// What one round of maintenance did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Events folded into counts.
    pub folded: u64,
    /// Workers whose lease had run out.
    pub lost_workers: u64,
    /// Tasks taken back from lost workers.
    pub reclaimed: u64,
}

impl Store {
    /// Does one round of maintenance.
    ///
    /// # Errors
    /// As the database says; the next round makes up for it.
    pub async fn maintain(&self) -> Result<Maintained> {
        let folded: i64 = sqlx::query_scalar(include_str!("../queries/event/fold.sql"))
            .bind(KEEP_EVENTS_SECONDS)
            .fetch_one(&mut *self.ask().await?)
            .await
            .map_err(from_sqlx)?;
        let (lost_workers, reclaimed) = self.sweep(LEASE_TIME).await?;
        Ok(Maintained { folded: folded.unsigned_abs(), lost_workers, reclaimed })
    }

    /// Ends workers whose lease has run out and takes their tasks back.
    async fn sweep(&self, lease_time: Duration) -> Result<(u64, u64)> {
        let mut connection = self.ask().await?;
        let lost: Vec<i64> = sqlx::query_scalar(include_str!("../queries/worker/expire.sql"))
            .bind(millis(lease_time))
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let mut reclaimed = 0;
        // Looking for what ended workers left behind reads all that runs, so it is done when a
        // worker was lost, and now and then for what an earlier sweep did not finish.
        if !lost.is_empty() || self.sweep_is_due() {
            loop {
                let batch: i64 = sqlx::query_scalar(include_str!("../queries/worker/reclaim.sql"))
                    .bind(RECLAIM_BATCH)
                    .bind(limits::CRASHES.cast_signed())
                    .fetch_one(&mut *connection)
                    .await
                    .map_err(from_sqlx)?;
                reclaimed += batch.unsigned_abs();
                if batch < RECLAIM_BATCH {
                    break;
                }
            }
        }
        if reclaimed > 0 {
            self.notifier().ready();
            self.notifier().changed();
        }
        Ok((lost.len() as u64, reclaimed))
    }
}
