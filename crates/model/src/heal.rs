//! Whether a state still leads to an end for every task, with no more faults and nobody's help.
//!
//! One run is tried, made of what the parts do by themselves: statements end, leases of the
//! dead run out, workers renew, the sweep takes back, workers claim, run and record.

use crate::action::Action;
use crate::state::{Decision, State, Statement, WORKERS};
use crate::step::{Steps, number};

/// More rounds than any state needs.
const ROUNDS: usize = 6;

/// Whether every task comes to its end.
pub fn heals(steps: Steps, state: &State) -> bool {
    let mut state = state.clone();
    for _ in 0..ROUNDS {
        if state.rows.iter().all(|row| row.status.is_terminal()) {
            return true;
        }
        settle(steps, &mut state);
        maintain(steps, &mut state);
        for worker in 0..WORKERS {
            record(steps, &mut state, worker);
            claim(steps, &mut state, worker);
        }
    }
    false
}

/// Statements come to an end.
fn settle(steps: Steps, state: &mut State) {
    let flight: Vec<Statement> = state.flight.iter().copied().collect();
    for statement in flight {
        let claim = number(statement);
        match statement {
            Statement::Claim { locked: Some(_), .. } => steps.take(state, Action::ClaimCommits(claim)),
            Statement::Claim { .. } => steps.take(state, Action::ClaimFindsNothing(claim)),
            // Never arrives.
            Statement::Record { .. } => {
                state.flight.remove(&statement);
            }
        }
    }
}

/// Leases are renewed or run out, and what the lost held is taken back.
fn maintain(steps: Steps, state: &mut State) {
    for worker in 0..WORKERS {
        if state.workers[worker].session.is_some() {
            steps.take(state, Action::Renew(worker));
        }
        if state.workers[worker].session.is_none() {
            steps.take(state, Action::Register(worker));
        }
    }
    for session in 0..state.sessions.len() {
        let session = u8::try_from(session).unwrap_or(u8::MAX);
        if !state.is_owned(session) {
            steps.take(state, Action::LeaseRunsOut(session));
        }
    }
    steps.take(state, Action::Watched);
    steps.take(state, Action::Sweep);
    steps.take(state, Action::Reclaim);
}

fn record(steps: Steps, state: &mut State, worker: usize) {
    for held in state.workers[worker].held.clone() {
        let task = held.task;
        if held.decision.is_none() {
            steps.take(state, Action::AttemptEnds { worker, task, decision: Decision::Succeed });
        }
        steps.take(state, Action::Record { worker, task });
    }
}

fn claim(steps: Steps, state: &mut State, worker: usize) {
    for task in 0..state.rows.len() {
        // Sent even where nothing waits: it puts back what is in doubt.
        steps.take(state, Action::Claim(worker));
        let (Some(claim), Some(session)) = (state.workers[worker].waiting, state.workers[worker].session)
        else {
            return;
        };
        if steps.may_choose(state, session, task) {
            steps.take(state, Action::ClaimRuns { claim, task });
            steps.take(state, Action::ClaimCommits(claim));
            record(steps, state, worker);
        } else {
            steps.take(state, Action::ClaimFindsNothing(claim));
        }
    }
}
