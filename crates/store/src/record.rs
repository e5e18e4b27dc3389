//! Takes back what became of work: outcomes and history in one fenced statement for a batch.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use task_domain::ports::{Error, Record, Result};
use task_domain::seeded::bug;
use task_domain::{Decision, Lease, Settled, Status, Verdict, WorkerId};

use crate::arrays::{Decisions, if_any};
use crate::connection::{ANSWER, Held, answered};
use crate::notify::Notifier;
use crate::parts::{FEW, with};
use crate::row::{ClaimOf, claim_of};
use crate::seeded::statement;

/// Records for one worker, on a connection of its own.
pub struct Recorder {
    worker: WorkerId,
    connection: Held,
    notifier: Notifier,
    /// Leases of writes whose answer was lost: they may have been written all the same.
    doubt: HashSet<Lease>,
    /// Counts outcomes that came too late.
    stale: Arc<AtomicU32>,
}

/// A decision as it is stored.
pub(crate) struct Stored<'a> {
    pub(crate) status: Status,
    /// Whether it counts as a failed attempt.
    pub(crate) failed: bool,
    pub(crate) delay: Duration,
    pub(crate) details: Option<&'a str>,
    pub(crate) result: Option<&'a str>,
}

/// A decision as it is stored.
pub(crate) fn stored(decision: &Decision) -> Stored<'_> {
    let row = |status, failed, delay, details, result| Stored { status, failed, delay, details, result };
    match decision {
        Decision::Succeed(result) => row(
            Status::Succeeded,
            false,
            Duration::ZERO,
            None,
            result.as_ref().map(task_domain::TaskResult::as_str),
        ),
        Decision::Retry { delay, error } => row(Status::Retrying, true, *delay, Some(error), None),
        Decision::Fail { error } => row(Status::Failed, true, Duration::ZERO, Some(error), None),
        Decision::PutBack { delay, reason } => row(Status::Pending, false, *delay, Some(*reason), None),
    }
}

impl Recorder {
    pub(crate) fn new(worker: WorkerId, connection: Held, notifier: Notifier, stale: Arc<AtomicU32>) -> Self {
        Self { worker, connection, notifier, doubt: HashSet::new(), stale }
    }

    /// Which claims of the batch were written.
    async fn write(&mut self, batch: &[Settled]) -> Result<Written> {
        // In one order everywhere, so that two statements on the same tasks cannot deadlock.
        let mut ordered: Vec<_> = batch.iter().collect();
        ordered.sort_unstable_by_key(|s| s.lease.task);
        let mut columns = Decisions::default();
        for settled in ordered {
            columns.push(settled);
        }
        // Between 1 and 0 there is none.
        let near = near_newest(&columns.tasks);
        let text = Text::of(&columns, near.as_ref()).get();
        let all_succeeded = columns.statuses.iter().all(|status| *status == Status::Succeeded.code());
        let any_waits = columns.delays_us.iter().any(|delay| *delay > 0);
        let (first, last) = near.map_or((1, 0), RangeInclusive::into_inner);
        let mut connection = self.connection.take().await?;
        let query = sqlx::query_as(statement(text))
            .bind(self.worker.get())
            .bind(columns.tasks)
            .bind(columns.epochs)
            .bind(columns.attempts)
            .bind((!all_succeeded).then_some(columns.statuses))
            .bind((!all_succeeded).then_some(columns.failed))
            .bind(any_waits.then_some(columns.delays_us))
            .bind(if_any(columns.details))
            .bind(if_any(columns.results))
            .bind(first)
            .bind(last);
        let answer = answered(ANSWER, query.fetch_one(&mut connection)).await;
        let (tasks, epochs, ran_out): (Option<Vec<_>>, Option<Vec<_>>, Option<bool>) =
            self.connection.done(connection, answer).await?;
        if ran_out == Some(true) {
            return Err(Error::LeaseRanOut);
        }
        let some = tasks.zip(epochs).map(|(tasks, epochs)| tasks.into_iter().zip(epochs).collect());
        Ok(some.map_or(Written::All, Written::Some))
    }

    /// What became of each where not all were written.
    async fn verdicts(&mut self, batch: &[Settled], mut written: HashSet<ClaimOf>) -> Result<Vec<Verdict>> {
        let missing = |s: &&Settled| !written.contains(&claim_of(&s.lease)) && self.doubt.contains(&s.lease);
        let in_doubt: Vec<_> = batch.iter().filter(missing).cloned().collect();
        if !in_doubt.is_empty() {
            written.extend(self.written_before(&in_doubt).await?);
        }
        let verdict = |s: &Settled| {
            if written.contains(&claim_of(&s.lease)) { Verdict::Recorded } else { Verdict::Stale }
        };
        Ok(batch.iter().map(verdict).collect())
    }

    async fn written_before(&mut self, batch: &[Settled]) -> Result<Vec<ClaimOf>> {
        let mut columns = Decisions::default();
        for settled in batch {
            columns.push(settled);
        }
        let mut connection = self.connection.take().await?;
        let statement = sqlx::query_as(include_str!("../queries/record/recorded_before.sql"))
            .bind(self.worker.get())
            .bind(columns.tasks)
            .bind(columns.attempts)
            .bind(columns.statuses)
            .bind(columns.epochs);
        let answer = answered(ANSWER, statement.fetch_all(&mut connection)).await;
        self.connection.done(connection, answer).await
    }
}

/// Which claims of a batch were written.
enum Written {
    All,
    Some(HashSet<ClaimOf>),
}

/// What a batch needs of `record.sql`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Text {
    /// Whether some lie close together.
    near: bool,
    /// Whether some do not.
    far: bool,
    /// Whether some of the tasks go on.
    again: bool,
}

impl Text {
    /// For a batch in order of tasks, with the range of those which lie close together.
    fn of(columns: &Decisions<'_>, near: Option<&RangeInclusive<i64>>) -> Self {
        let far = near.is_none_or(|near| columns.tasks.first().is_some_and(|first| first < near.start()));
        // By what the statement goes by: what it does not put in line would be nowhere.
        let again = columns.statuses.iter().any(|status| *status < Status::Succeeded.code());
        Self { near: near.is_some(), far, again }
    }

    fn get(self) -> &'static str {
        static TEXTS: LazyLock<[String; 8]> = LazyLock::new(|| {
            std::array::from_fn(|n| Text { near: n & 1 > 0, far: n & 2 > 0, again: n & 4 > 0 }.write())
        });
        &TEXTS[usize::from(self.near) | usize::from(self.far) << 1 | usize::from(self.again) << 2]
    }

    fn write(self) -> String {
        let Self { near, far, again } = self;
        let parts = [("near", near), ("far", far), ("both", near && far), ("again", again)];
        with(include_str!("../queries/record/record.sql"), &parts)
    }
}

/// The ids near the newest of `tasks`, which are sorted: at least half of them, and not more than four times
/// as many ids as tasks. None where they are few or lie far apart. `claim.sql` draws the same line.
fn near_newest(tasks: &[i64]) -> Option<RangeInclusive<i64>> {
    let reach = i64::try_from(tasks.len()).unwrap_or(i64::MAX).saturating_mul(4);
    let newest = tasks.last()?;
    let near = &tasks[tasks.partition_point(|task| *task <= newest.saturating_sub(reach))..];
    (near.len() >= FEW && near.len() * 2 >= tasks.len()).then(|| near[0]..=*newest)
}

impl Record for Recorder {
    async fn record(&mut self, batch: &[Settled]) -> Result<Vec<Verdict>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let written = match self.write(batch).await {
            Ok(written) => written,
            Err(error) => {
                // Otherwise the database answered, and nothing was written.
                if error.is_retryable() && !bug("unheard-record-is-stale") {
                    self.doubt.extend(batch.iter().map(|settled| settled.lease));
                }
                return Err(error);
            }
        };
        let verdicts = match written {
            Written::All => vec![Verdict::Recorded; batch.len()],
            Written::Some(claims) => self.verdicts(batch, claims).await?,
        };
        if !self.doubt.is_empty() {
            for settled in batch {
                self.doubt.remove(&settled.lease);
            }
        }
        let again = |s: &Settled| matches!(s.decision, Decision::PutBack { .. } | Decision::Retry { .. });
        if batch.iter().any(again) {
            // Others may be free to run what was put back, or have to wait for less long.
            self.notifier.ready();
        }
        self.notifier.changed();
        let stale = verdicts.iter().filter(|verdict| **verdict == Verdict::Stale).count();
        self.stale.fetch_add(u32::try_from(stale).unwrap_or(u32::MAX), Relaxed);
        Ok(verdicts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_together_is_told_from_what_lies_apart() {
        let together: Vec<_> = (101..=200).collect();
        assert_eq!(near_newest(&together), Some(101..=200));
        // Retried ones are older.
        let mixed: Vec<_> = [3, 7].into_iter().chain(1_001..=1_100).collect();
        assert_eq!(near_newest(&mixed), Some(1_001..=1_100));
        let with_gaps: Vec<_> = (0..100).map(|n| n * 3).collect();
        assert_eq!(near_newest(&with_gaps), Some(0..=297));
        let apart: Vec<_> = (0..100).map(|n| n * 10).collect();
        assert_eq!(near_newest(&apart), None);
        let mostly_apart: Vec<_> = (0..60).map(|n| n * 10).chain(1_000..1_040).collect();
        assert_eq!(near_newest(&mostly_apart), None);
        assert_eq!((near_newest(&together[..10]), near_newest(&[])), (None, None));
    }
}
