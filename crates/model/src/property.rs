//! What must hold in every state. Most is noted by the step that would break it.

use task_domain::{Status, limits};

use crate::state::{Row, State};

/// Every change of a task is one that the domain's table allows.
pub const LEGAL: &str = "every step is in the state table";
/// History counts 1, 2, 3 and so on.
pub const GAPLESS: &str = "history has no gap";
/// A task that has ended stays so, unless an operator has it run again.
pub const ABSORBING: &str = "terminal statuses absorb";
/// Nobody gets a task that somebody else holds.
pub const ONE_LEASE: &str = "a task has one live lease";
/// A task is handed out only to a worker whose lease lives.
pub const LIVE_CLAIM: &str = "only a live worker claims";
/// A worker's write changes a task only under the claim that the task is held by.
pub const FENCED: &str = "only the holder of the fence records";
/// Work is taken back only from a worker that was ended.
pub const TAKEN_FROM_THE_LOST: &str = "work is taken back only from the lost";
/// A restart of the database costs no worker its tasks that was there all along.
pub const RESTART_IS_FREE: &str = "a restart loses no live worker";
/// What a worker is told of its write is true.
pub const TRUE_VERDICT: &str = "verdicts are true";
/// A task that has lost so many workers has ended, once it was lost alone or twice as often.
pub const QUARANTINE: &str = "a killer of workers is stopped";
/// A task that was lost beside another which may be the killer is not held to be it yet.
pub const BENEFIT_OF_DOUBT: &str = "who ran beside a killer is not stopped for it";
/// A loss, a stop and a put-back cost no attempt.
pub const ATTEMPTS: &str = "only failures cost attempts";
/// With no more faults, every task comes to its end by itself.
pub const NOTHING_LOST: &str = "no task is lost";

/// [`QUARANTINE`].
pub fn killers_are_stopped(state: &State) -> bool {
    let stopped = |(row, lost): (&Row, Option<usize>)| {
        let may_go_on = lost != Some(1) && u32::from(row.crashes) < 2 * limits::CRASHES;
        may_go_on || row.status.is_terminal()
    };
    state.rows.iter().zip(state.seen.lost).all(stopped)
}

/// [`BENEFIT_OF_DOUBT`].
pub fn bystanders_go_on(state: &State) -> bool {
    let goes_on = |(row, lost): (&Row, Option<usize>)| {
        let in_doubt = lost.is_some_and(|n| n > 1) && u32::from(row.crashes) < 2 * limits::CRASHES;
        !in_doubt || row.status == Status::Pending
    };
    state.rows.iter().zip(state.seen.lost).all(goes_on)
}

/// [`ATTEMPTS`]. Numbers go on after a retry by hand, so such a task is left out.
pub fn only_failures_cost_attempts(state: &State) -> bool {
    let fair = |row: &Row| match row.status {
        Status::Pending | Status::Retrying => row.attempt == row.failures,
        Status::Running => row.attempt == row.failures + 1,
        Status::Succeeded | Status::Failed | Status::Cancelled => true,
    };
    state.rows.iter().zip(state.by_hand).all(|(row, by_hand)| by_hand || fair(row))
}

/// A write under a fence that was no longer held is tried somewhere, and refused.
pub const STALE_TRIED: &str = "a stale write is tried";
/// Some task is stopped as a killer of its workers.
pub const QUARANTINED: &str = "a killer is met";
/// Several tasks are suspected of having killed the same worker.
pub const SUSPECTED: &str = "several are suspected";
