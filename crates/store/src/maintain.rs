//! What has to be done now and then by somebody: fold events into counts, take work back from
//! workers that were lost. Any number of processes may do it at once.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use task_domain::limits;
use task_domain::ports::Result;

use crate::Store;
use crate::connection::{ANSWER, answered};
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
        let judge = self.watching().has_been_here(LEASE_TIME);
        let round = answered(ANSWER, async {
            let mut connection = self.pool().acquire().await?;
            let (folded, lost, workers): (i64, Vec<i64>, i32) =
                sqlx::query_as(include_str!("../queries/event/upkeep.sql"))
                    .bind(KEEP_EVENTS_SECONDS)
                    .bind(judge)
                    .fetch_one(&mut *connection)
                    .await?;
            self.notifier().set_workers(workers.unsigned_abs());
            // Looking for what ended workers left behind reads all that runs, so it is done when a
            // worker was lost, and now and then for what an earlier sweep did not finish.
            let sweep = !lost.is_empty() || self.sweep_is_due();
            let reclaimed = if sweep { reclaim(&mut connection, Loss::Lost).await? } else { 0 };
            Ok(Maintained { folded: folded.unsigned_abs(), lost_workers: lost.len() as u64, reclaimed })
        })
        .await
        .map_err(from_sqlx);
        self.watching().note(round.is_ok());
        let done = round?;
        if done.reclaimed > 0 {
            self.notifier().ready();
            self.notifier().changed();
        }
        Ok(done)
    }
}

/// How a worker came to leave tasks behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It was stopped, and what it ran did not end in time.
    Stopped,
    /// It was lost.
    Lost,
}

/// Takes back what workers that have ended left behind; how many tasks that were.
pub(crate) async fn reclaim(connection: &mut PgConnection, how: Loss) -> sqlx::Result<u64> {
    let mut reclaimed = 0;
    loop {
        let batch: i64 = sqlx::query_scalar(include_str!("../queries/worker/reclaim.sql"))
            .bind(RECLAIM_BATCH)
            .bind(limits::CRASHES.cast_signed())
            .bind(how == Loss::Lost)
            .fetch_one(&mut *connection)
            .await?;
        reclaimed += batch.unsigned_abs();
        if batch < RECLAIM_BATCH {
            return Ok(reclaimed);
        }
    }
}

/// Whether this process has watched the database without a gap: only then does a lease that ran out
/// prove that its worker is lost. While the database restarts, fails over or stands still, nobody
/// can renew.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    span: Mutex<Option<Span>>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    since: Instant,
    until: Instant,
}

/// A longer pause between two rounds is a gap.
const GAP: Duration = Duration::from_secs(4);

impl Watching {
    fn has_been_here(&self, time: Duration) -> bool {
        let span = *self.span.lock().expect("no holder of this lock panics");
        span.is_some_and(|span| span.until.elapsed() < GAP && span.since.elapsed() >= time)
    }

    fn note(&self, answered: bool) {
        let mut span = self.span.lock().expect("no holder of this lock panics");
        let now = Instant::now();
        *span = match *span {
            _ if !answered => None,
            Some(Span { since, until }) if now - until < GAP => Some(Span { since, until: now }),
            _ => Some(Span { since: now, until: now }),
        };
    }
}
