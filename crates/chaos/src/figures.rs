//! What a case found: figures to report, sums for the closing table, and what was wrong.

use serde_json::{Map, Value};

/// Sums over all cases, for the closing table.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    /// Workers ended with SIGKILL.
    pub(crate) worker_kills: u64,
    /// Servers ended with SIGKILL.
    pub(crate) server_kills: u64,
    /// Postgres servers ended with SIGKILL, all their processes.
    pub(crate) postgres_kills: u64,
    /// Primaries killed whose standby took over.
    pub(crate) failovers: u64,
    /// Tasks whose create was acknowledged.
    pub(crate) acknowledged: u64,
    /// Acknowledged tasks that are not in the database.
    pub(crate) lost: u64,
    /// Changes in the histories judged.
    pub(crate) changes: u64,
    /// Changes that follow a terminal status and were not asked for.
    pub(crate) second_terminals: u64,
    /// Changes that the state table does not allow.
    pub(crate) illegal_steps: u64,
    /// Outcomes written under a lease that was no longer held: refused.
    pub(crate) stale_refused: u64,
    /// The same: accepted.
    pub(crate) stale_accepted: u64,
}

impl Totals {
    /// Adds another case's sums.
    pub(crate) fn add(&mut self, other: &Self) {
        self.worker_kills += other.worker_kills;
        self.server_kills += other.server_kills;
        self.postgres_kills += other.postgres_kills;
        self.failovers += other.failovers;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.changes += other.changes;
        self.second_terminals += other.second_terminals;
        self.illegal_steps += other.illegal_steps;
        self.stale_refused += other.stale_refused;
        self.stale_accepted += other.stale_accepted;
    }
}

/// What came of a case.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) figures: Map<String, Value>,
    pub(crate) totals: Totals,
    /// One sentence for each thing that must not be, the invariant first.
    pub(crate) violations: Vec<String>,
}

impl Outcome {
    /// Notes a figure.
    pub(crate) fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// Notes what is wrong, where it is.
    pub(crate) fn must(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(otherwise());
        }
    }
}
