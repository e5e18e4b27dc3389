//! What has to be done now and then by somebody: fold events into counts, take work back from
//! workers that were lost. Any number of processes may do it at once.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use task_domain::WorkerId;
use task_domain::limits;
use task_domain::ports::Result;
use task_domain::seeded::bug;

use crate::connection::{ANSWER, Held, answered};
use crate::presence::Signs;
use crate::seeded::statement;
use crate::settings::Purpose;
use crate::{Settings, Store};

/// Events are kept this long for watches to read, in seconds: longer than any statement may take,
/// so that one which is committed late is still there to be read.
const KEEP_EVENTS_SECONDS: i32 = 60;
/// Most events folded in one round. Fewer after a round that failed, so that a backlog whose tasks' rows
/// are slow to read cannot take longer than a statement may, round after round.
const FOLD: i32 = 20_000;
/// The fewest.
const FOLD_LEAST: i32 = 200;
/// Most tasks taken back in one statement.
const RECLAIM_BATCH: i64 = 1_000;
/// Time between two looks for what an earlier sweep did not finish.
const SWEEP: Duration = Duration::from_secs(30);
/// The same after a loss, doubled each time: what the lost worker had sent before may be committed
/// after the sweep.
const SWEEP_AGAIN: Duration = Duration::from_secs(1);
/// So long after something changed, tasks may be running that no worker has told of yet: longer than
/// the time between two renewals.
const STIR: Duration = Duration::from_secs(6);
/// Time between two removals of statistics that are too old to be asked for.
const FORGET: Duration = Duration::from_mins(10);

/// What one round of maintenance did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Events folded into counts.
    pub folded: u64,
    /// Workers whose lease had run out, or whose process is gone.
    pub lost_workers: u64,
    /// Tasks taken back from lost workers.
    pub reclaimed: u64,
    /// Whether tasks may be running, so that a worker's death should be noticed soon.
    pub stirring: bool,
}

/// What one process knows from round to round.
pub(crate) struct Upkeep {
    connection: Held,
    watching: Watching,
    signs: Signs,
    /// The newest event and worker, as of the last round.
    newest: (i64, i64),
    /// Until when tasks may be running.
    stirring_until: Instant,
    /// When to look anew for what lost workers left behind, and how long after that.
    sweep_at: Instant,
    sweep_again: Duration,
    /// When to remove old statistics.
    forget_at: Instant,
    /// How many events to fold in the next round.
    fold: i32,
}

type Round = (i64, Vec<i64>, i32, i64, i64, i64);

impl Upkeep {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            connection: Held::new(settings, Purpose::Hot),
            watching: Watching::default(),
            signs: Signs::default(),
            newest: (0, 0),
            stirring_until: Instant::now(),
            sweep_at: Instant::now(),
            sweep_again: SWEEP,
            forget_at: Instant::now(),
            fold: FOLD,
        }
    }

    /// Notes which workers were lost. Returns whether it is time for a sweep.
    fn sweeps(&mut self, lost: &[i64]) -> bool {
        let now = Instant::now();
        if !lost.is_empty() {
            self.sweep_again = SWEEP_AGAIN;
        } else if now < self.sweep_at {
            return false;
        }
        self.sweep_at = now + self.sweep_again;
        self.sweep_again = (self.sweep_again * 2).min(SWEEP);
        true
    }
}

impl Store {
    /// Does one round of maintenance.
    ///
    /// # Errors
    /// As the database says; the next round makes up for it.
    pub async fn maintain(&self) -> Result<Maintained> {
        let mut upkeep = self.upkeep().await;
        let watched = if bug("leases-judged-blindly") { Duration::MAX } else { upkeep.watching.span() };
        let mut connection = upkeep.connection.take().await?;
        let answer = answered(ANSWER, async {
            let (folded, lost, workers, busy, event, worker): Round =
                sqlx::query_as(include_str!("../queries/event/upkeep.sql"))
                    .bind(KEEP_EVENTS_SECONDS)
                    .bind(i64::try_from(watched.as_millis()).unwrap_or(i64::from(u32::MAX)))
                    .bind(upkeep.fold)
                    .fetch_one(&mut connection)
                    .await?;
            self.notifier().set_workers(workers.unsigned_abs());
            let now = Instant::now();
            if busy > 0 || std::mem::replace(&mut upkeep.newest, (event, worker)) != (event, worker) {
                upkeep.stirring_until = now + STIR;
            }
            // Looking for what ended workers left behind reads all that runs, so it is done when a
            // worker was lost, and now and then for what an earlier sweep did not finish.
            let reclaimed =
                if upkeep.sweeps(&lost) { reclaim(&mut connection, Loss::Lost).await? } else { 0 };
            if folded > 0 && now >= upkeep.forget_at {
                upkeep.forget_at = now + FORGET;
                sqlx::query(include_str!("../queries/stats/forget.sql")).execute(&mut connection).await?;
            }
            Ok(Maintained {
                folded: folded.unsigned_abs(),
                lost_workers: lost.len() as u64,
                reclaimed,
                stirring: now < upkeep.stirring_until,
            })
        })
        .await;
        upkeep.watching.note(answer.is_ok());
        upkeep.fold = fold_next(upkeep.fold, answer.is_ok());
        let done = upkeep.connection.done(connection, answer).await?;
        self.tell(&done);
        Ok(done)
    }

    /// Looks whether the processes of the live workers are there, and takes tasks back from those
    /// that are gone. Meant to be called several times a second while tasks are running.
    ///
    /// # Errors
    /// As the database says; leases make up for it.
    pub async fn look_for_the_gone(&self) -> Result<Maintained> {
        let mut upkeep = self.upkeep().await;
        let mut connection = upkeep.connection.take().await?;
        let session = upkeep.connection.opened();
        let answer = answered(ANSWER, async {
            let workers: Vec<(i64, bool)> = sqlx::query_as(include_str!("../queries/worker/presence.sql"))
                .fetch_all(&mut connection)
                .await?;
            let gone = upkeep.signs.look(session, &workers, tokio::time::Instant::now());
            // The last round's word holds until the next one; a sign that is missing is looked for on.
            let stirring = Instant::now() < upkeep.stirring_until || upkeep.signs.miss_any();
            let mut done = Maintained { stirring, ..Maintained::default() };
            if !gone.is_empty() {
                done.lost_workers = sqlx::query(include_str!("../queries/worker/gone.sql"))
                    .bind(&gone)
                    .execute(&mut connection)
                    .await?
                    .rows_affected();
                upkeep.sweeps(&gone);
                done.reclaimed = reclaim(&mut connection, Loss::Lost).await?;
            }
            Ok(done)
        })
        .await;
        let done = upkeep.connection.done(connection, answer).await?;
        self.tell(&done);
        Ok(done)
    }

    fn tell(&self, done: &Maintained) {
        if done.reclaimed > 0 {
            self.notifier().ready();
            self.notifier().changed();
        }
    }
}

/// How many events to fold after a round of so many.
fn fold_next(fold: i32, passed: bool) -> i32 {
    if passed { fold.saturating_mul(2).min(FOLD) } else { (fold / 2).max(FOLD_LEAST) }
}

/// How a worker came to leave tasks behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// This one was stopped, and what it ran did not end in time.
    Stopped(WorkerId),
    /// Any that was lost.
    Lost,
}

/// Takes back what workers that have ended left behind; how many tasks that were.
pub(crate) async fn reclaim(connection: &mut PgConnection, how: Loss) -> sqlx::Result<u64> {
    let stopped = match how {
        Loss::Stopped(worker) => Some(worker.get()),
        Loss::Lost => None,
    };
    let mut reclaimed = 0;
    loop {
        let batch: i64 = sqlx::query_scalar(statement(include_str!("../queries/worker/reclaim.sql")))
            .bind(RECLAIM_BATCH)
            .bind(limits::CRASHES.cast_signed())
            .bind(stopped.is_none())
            .bind(stopped)
            .fetch_one(&mut *connection)
            .await?;
        reclaimed += batch.unsigned_abs();
        if batch < RECLAIM_BATCH {
            return Ok(reclaimed);
        }
    }
}

/// For how long this process has watched the database without a gap: only then does a lease that ran
/// out prove that its worker is lost. While the database restarts, fails over or stands still, nobody
/// can renew.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    span: Option<(Instant, Instant)>,
}

/// A longer pause between two rounds is a gap.
const GAP: Duration = Duration::from_secs(4);

impl Watching {
    /// How long it has, up to the present.
    fn span(&self) -> Duration {
        match self.span {
            Some((since, until)) if until.elapsed() < GAP => since.elapsed(),
            _ => Duration::ZERO,
        }
    }

    fn note(&mut self, answered: bool) {
        let now = Instant::now();
        self.span = match self.span {
            _ if !answered => None,
            Some((since, until)) if now - until < GAP => Some((since, now)),
            _ => Some((now, now)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_that_fail_fold_less_and_less_until_one_passes() {
        let mut fold = FOLD;
        for _ in 0..20 {
            fold = fold_next(fold, false);
        }
        assert_eq!(fold, FOLD_LEAST);
        assert_eq!(fold_next(fold, true), 2 * FOLD_LEAST);
        assert_eq!(fold_next(FOLD, true), FOLD);
    }
}
