//! What has to be done now and then by somebody: fold events into counts, take work back from
//! workers that were lost. Any number of processes may do it at once.

use sqlx::postgres::PgConnection;
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
        let mut connection = self.ask().await?;
        let (folded, lost): (i64, Vec<i64>) = sqlx::query_as(include_str!("../queries/event/upkeep.sql"))
            .bind(KEEP_EVENTS_SECONDS)
            .bind(millis(LEASE_TIME))
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        // Looking for what ended workers left behind reads all that runs, so it is done when a
        // worker was lost, and now and then for what an earlier sweep did not finish.
        let sweep = !lost.is_empty() || self.sweep_is_due();
        let reclaimed = if sweep { reclaim(&mut connection).await.map_err(from_sqlx)? } else { 0 };
        if reclaimed > 0 {
            self.notifier().ready();
            self.notifier().changed();
        }
        Ok(Maintained { folded: folded.unsigned_abs(), lost_workers: lost.len() as u64, reclaimed })
    }
}

/// Takes back what workers that have ended left behind; how many tasks that were.
pub(crate) async fn reclaim(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let mut reclaimed = 0;
    loop {
        let batch: i64 = sqlx::query_scalar(include_str!("../queries/worker/reclaim.sql"))
            .bind(RECLAIM_BATCH)
            .bind(limits::CRASHES.cast_signed())
            .fetch_one(&mut *connection)
            .await?;
        reclaimed += batch.unsigned_abs();
        if batch < RECLAIM_BATCH {
            return Ok(reclaimed);
        }
    }
}
