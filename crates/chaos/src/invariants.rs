//! What must hold after every case, judged by evidence alone.
//!
//! | | holds after every case |
//! |---|---|
//! | I1 | every acknowledged create is in the database |
//! | I2 | one task for each key, and every answer for a key names it |
//! | I3 | a terminal status is the last one, but for a retry that an operator asked for |
//! | I4 | histories count 1, 2, 3, … and take only steps of the state table; the last one is where the task stands |
//! | I5 | every outcome was written by the worker that the attempt had been given to, under its fence |
//! | I6 | attempts stay within 1 + retries, and starts within that and what was put back |
//! | I7 | no task has two leases |
//! | I8 | every task ends, soon after the last fault |
//! | I9 | who follows a task sees each version once, in order, up to the final one |
//! | I10 | nothing is left running past its lease, no session is left idle in a transaction |
//! | I11 | memory and open files stay within bounds |
//! | I13 | no execution starts twice under one fence; what counts is the outcome of an execution that was started |
//!
//! I12 is about schedules, which the service does not have yet.

mod acknowledged;
mod executions;
mod history;
mod quiet;
mod watched;

use crate::evidence::Evidence;
use crate::figures::Outcome;

pub(crate) use quiet::{all_ended, bounds};

/// Most sentences about one thing: a thousand tasks that went wrong the same way are one fault.
const MOST: usize = 10;

/// What a case allows beyond the rule.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowed {
    /// Operators had ended tasks run again.
    pub(crate) retries_by_hand: bool,
}

/// Judges everything that evidence tells.
pub(crate) fn judge(outcome: &mut Outcome, evidence: &Evidence, allowed: Allowed) {
    acknowledged::judge(outcome, evidence);
    history::judge(outcome, evidence, allowed);
    watched::judge(outcome, evidence);
    executions::judge(outcome, evidence);
}

/// Adds sentences, and how many more there are.
fn tell(outcome: &mut Outcome, invariant: &str, wrong: &[String]) {
    outcome.violations.extend(wrong.iter().take(MOST).map(|text| format!("{invariant}: {text}")));
    if wrong.len() > MOST {
        outcome.violations.push(format!("{invariant}: and {} more like these", wrong.len() - MOST));
    }
}

#[cfg(test)]
mod tests;
