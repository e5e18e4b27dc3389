//! Signs of life: as long as a worker's process is there, so is a session of its own that carries a
//! lock. When the process dies, the system closes its connections and the lock is free within
//! milliseconds, long before the worker's lease runs out.
//!
//! A sign that is missing is a hint and no more. It is taken as one only if the looker has seen it
//! before through the very session that it looks with, so that a restart or failover of the database,
//! which ends all sessions together, says nothing about anyone; and only if it stays away for as long as a live worker
//! needs to come back. What decides is the fence: the worker is ended in `task_worker`, and what it
//! may write afterwards is refused.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::postgres::PgListener;
use task_domain::WorkerId;
use tokio::time::Instant;

/// Stands in the upper half of each key, so that the locks of others are not mistaken for signs. As
/// in `presence.sql`.
const CLASS: i64 = 0x7461_736b;
/// How long a sign has to be missing: a worker whose connection broke has it back sooner.
const MISSING: Duration = Duration::from_millis(400);

/// What one worker's session carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sign(i64);

impl Sign {
    pub(crate) fn of(worker: WorkerId) -> Self {
        Self(CLASS << 32 | (worker.get() & 0xffff_ffff))
    }

    /// Has this session carry it. Shared: one that is being given up may still hold it.
    pub(crate) async fn give(self, session: &mut PgListener) -> sqlx::Result<()> {
        sqlx::query("select pg_try_advisory_lock_shared($1)").bind(self.0).execute(session).await?;
        Ok(())
    }
}

/// Which signs were seen through one session.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    /// Which session that is, by the number of its connection.
    session: u64,
    /// By worker, since when its sign is missing.
    seen: HashMap<i64, Option<Instant>>,
}

impl Signs {
    /// Notes a look: the live workers, with whether each gave its sign. Returns those that are gone.
    pub(crate) fn look(&mut self, session: u64, workers: &[(i64, bool)], now: Instant) -> Vec<i64> {
        if self.session != session {
            *self = Self { session, seen: HashMap::new() };
        }
        self.seen.retain(|id, _| workers.iter().any(|(worker, _)| worker == id));
        let mut gone = Vec::new();
        for &(worker, here) in workers {
            if here {
                self.seen.insert(worker, None);
            } else if let Some(missing) = self.seen.get_mut(&worker)
                && now.duration_since(*missing.get_or_insert(now)) >= MISSING
            {
                gone.push(worker);
            }
        }
        gone
    }

    /// Whether a sign that was there is missing.
    pub(crate) fn miss_any(&self) -> bool {
        self.seen.values().any(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_that_stays_away_tells_of_a_worker_that_is_gone() {
        let now = Instant::now();
        let mut signs = Signs::default();
        assert!(signs.look(1, &[(7, true), (8, true)], now).is_empty());
        assert!(signs.look(1, &[(7, false), (8, true)], now).is_empty());
        assert!(signs.miss_any());
        assert_eq!(signs.look(1, &[(7, false), (8, true)], now + MISSING), [7]);
    }

    #[test]
    fn a_sign_that_comes_back_in_time_tells_of_a_connection_that_broke() {
        let now = Instant::now();
        let mut signs = Signs::default();
        signs.look(1, &[(7, true)], now);
        signs.look(1, &[(7, false)], now);
        assert!(signs.look(1, &[(7, true)], now + MISSING).is_empty());
        assert!(signs.look(1, &[(7, false)], now + MISSING * 2).is_empty());
    }

    #[test]
    fn a_sign_that_was_never_seen_through_this_session_is_not_missed() {
        let now = Instant::now();
        let mut signs = Signs::default();
        // It may have no session to give it by: a pooler, or hints switched off.
        signs.look(1, &[(7, false)], now);
        assert!(signs.look(1, &[(7, false)], now + MISSING * 9).is_empty());
        signs.look(1, &[(7, true)], now);
        // The database ended all sessions, the looker's too.
        assert!(signs.look(2, &[(7, false)], now).is_empty());
        assert!(signs.look(2, &[(7, false)], now + MISSING * 9).is_empty());
    }
}
