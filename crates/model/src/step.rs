//! What each action makes of a state.

use task_domain::Status;

use crate::action::Action;
use crate::database::{Database, Loss, RETRIES};
use crate::property;
use crate::state::{Decision, Fence, Held, Seen, Session, State, Statement, Worker};
use crate::twin::Twin;

/// Claims of one session have numbers from `session * SPAN`.
pub const SPAN: u8 = 16;

/// Takes steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steps {
    /// The seeded bug, if any.
    pub twin: Option<Twin>,
}

impl Steps {
    fn is(self, twin: Twin) -> bool {
        self.twin == Some(twin)
    }

    fn database(self, state: &mut State) -> Database<'_> {
        Database { state, twin: self.twin }
    }

    /// Takes one step that can be taken.
    pub fn take(self, state: &mut State, action: Action) {
        state.seen = Seen::default();
        match action {
            Action::Register(w) => self.register(state, w),
            Action::Claim(w) => self.send_claim(state, w),
            Action::ClaimRuns { claim, task } => Self::run_claim(state, claim, task),
            Action::ClaimCommits(claim) => self.commit_claim(state, claim),
            Action::ClaimFindsNothing(claim) => {
                take_claim(state, claim);
                stop_waiting(state, claim);
            }
            Action::ClaimAnswerLost(w) => {
                fault(state);
                self.lose_answer(&mut state.workers[w]);
            }
            Action::AttemptEnds { worker, task, decision } => {
                state.left.put_backs -= u8::from(decision == Decision::PutBack);
                held(&mut state.workers[worker], task).decision = Some(decision);
            }
            Action::Record { worker, task } => self.record(state, worker, task),
            Action::RecordAnswerLost { worker, task } => {
                fault(state);
                let held = held(&mut state.workers[worker], task);
                held.doubt = true;
                let Held { task, fence, decision, .. } = *held;
                let decision = decision.unwrap_or(Decision::Succeed);
                state.flight.insert(Statement::Record { task, fence, decision });
            }
            Action::LateRecord(claim) => self.late_record(state, claim),
            Action::Renew(w) => self.renew(state, w),
            Action::SignOff(w) => self.sign_off(state, w),
            Action::Crash(w) => {
                fault(state);
                state.workers[w] = Worker::default();
            }
            Action::StandsStill(w) => {
                fault(state);
                state.workers[w].slept = true;
                if let Some(session) = state.workers[w].session {
                    state.sessions[usize::from(session)].ran_out = true;
                }
            }
            Action::LeaseRunsOut(session) => state.sessions[usize::from(session)].ran_out = true,
            Action::Watched => state.watched = true,
            Action::Sweep => self.sweep(state),
            Action::Reclaim => self.database(state).reclaim(Loss::Lost),
            Action::DatabaseCrashes { kept } => {
                fault(state);
                self.crash_database(state, kept);
            }
            Action::Cancel(task) => {
                state.left.operations -= 1;
                self.database(state).cancel(task);
            }
            Action::RetryByHand(task) => {
                state.left.operations -= 1;
                self.database(state).retry_by_hand(task);
            }
        }
        forget(state);
    }

    fn register(self, state: &mut State, w: usize) {
        let session = u8::try_from(state.sessions.len()).unwrap_or(u8::MAX);
        state.sessions.push(Session { ran_out: false, ended: false });
        state.workers[w] = Worker { session: Some(session), ..Worker::default() };
        self.database(state).flushed();
    }

    fn send_claim(self, state: &mut State, w: usize) {
        let Some(session) = state.workers[w].session else { return };
        let doubt: Vec<u8> = state.workers[w].doubt.iter().copied().collect();
        if !doubt.is_empty() {
            self.database(state).put_back(session, &doubt);
            // Asked for again until they cannot be running any more.
            let running = |epoch: &u8| {
                state.flight.iter().any(|s| matches!(s, Statement::Claim { epoch: e, .. } if e == epoch))
            };
            let kept: Vec<u8> = doubt.into_iter().filter(running).collect();
            let once = self.is(Twin::UnknownClaimAskedOnce);
            state.workers[w].doubt = if once { Vec::new() } else { kept }.into_iter().collect();
        }
        let worker = &mut state.workers[w];
        let claim = session * SPAN + worker.claims;
        let epoch = self.epoch(claim);
        worker.claims += 1;
        worker.waiting = Some(claim);
        state.flight.insert(Statement::Claim { session, epoch, claim, locked: None });
    }

    /// What a claim calls itself.
    fn epoch(self, claim: u8) -> u8 {
        if self.is(Twin::EpochReused) { claim / SPAN * SPAN } else { claim }
    }

    fn run_claim(state: &mut State, claim: u8, task: usize) {
        let Some((session, epoch, _)) = take_claim(state, claim) else { return };
        if !state.is_live(session) {
            state.breaks(property::LIVE_CLAIM);
        }
        state.flight.insert(Statement::Claim { session, epoch, claim, locked: Some(task) });
    }

    fn commit_claim(self, state: &mut State, claim: u8) {
        let Some((session, epoch, Some(task))) = take_claim(state, claim) else { return };
        let fence = self.database(state).claim(task, session, epoch, claim);
        let waits = |w: &&mut Worker| w.session == Some(session) && w.waiting == Some(claim);
        if let Some(worker) = state.workers.iter_mut().find(waits) {
            worker.waiting = None;
            worker.held.push(Held { task, fence, decision: None, doubt: false });
            worker.held.sort_unstable();
        }
    }

    fn lose_answer(self, worker: &mut Worker) {
        if let Some(claim) = worker.waiting.take()
            && !self.is(Twin::UnknownClaimForgotten)
        {
            worker.doubt.insert(self.epoch(claim));
        }
    }

    fn record(self, state: &mut State, w: usize, task: usize) {
        let Held { fence, decision: Some(decision), doubt, .. } = *held(&mut state.workers[w], task) else {
            return;
        };
        let told = if doubt && self.is(Twin::UnknownRecordIsSuccess) {
            true
        } else if doubt && self.is(Twin::UnknownRecordIsFailure) {
            false
        } else {
            let Some(written) = self.database(state).record(task, fence, decision) else { return };
            // Where it was not, and an earlier answer was lost, history is asked.
            written || doubt && state.recorded.contains(&fence.claim)
        };
        if told != state.recorded.contains(&fence.claim) {
            state.breaks(property::TRUE_VERDICT);
        }
        state.workers[w].held.retain(|held| held.fence != fence || held.task != task);
    }

    fn late_record(self, state: &mut State, claim: u8) {
        let found = state.flight.iter().find(|s| number(**s) == claim).copied();
        if let Some(Statement::Record { task, fence, decision }) = found {
            state.flight.retain(|s| number(*s) != claim);
            self.database(state).record(task, fence, decision);
        }
    }

    fn renew(self, state: &mut State, w: usize) {
        let Some(session) = state.workers[w].session else { return };
        let worker = &mut state.workers[w];
        worker.slept = false;
        if state.sessions[usize::from(session)].ended {
            // It has to register anew, with nothing in its hands.
            state.workers[w] = Worker::default();
            return;
        }
        state.sessions[usize::from(session)].ran_out = false;
        let rows = state.rows;
        // What has ended and is not recorded yet learns of its loss when it is.
        let keeps = |held: &Held| held.decision.is_some() || is_held(rows[held.task].holder, held.fence);
        state.workers[w].held.retain(keeps);
        self.database(state).flushed();
    }

    fn sign_off(self, state: &mut State, w: usize) {
        let Some(session) = state.workers[w].session else { return };
        state.left.operations -= 1;
        state.sessions[usize::from(session)].ended = true;
        state.workers[w] = Worker::default();
        self.database(state).reclaim(Loss::Stopped);
    }

    fn sweep(self, state: &mut State) {
        for session in 0..state.sessions.len() {
            let Session { ran_out, ended } = state.sessions[session];
            if !ran_out || ended {
                continue;
            }
            let number = u8::try_from(session).unwrap_or(u8::MAX);
            if self.is(Twin::ReclaimById) {
                let held = |task: &usize| state.rows[*task].holder.is_some_and(|h| h.session == number);
                let tasks: Vec<usize> = (0..state.rows.len()).filter(held).collect();
                state.marked.extend(tasks);
            }
            let stood_by = state.workers.iter().any(|w| !w.slept && w.session == Some(number));
            if stood_by {
                state.breaks(property::RESTART_IS_FREE);
            }
            state.sessions[session].ended = true;
        }
        self.database(state).flushed();
    }

    fn crash_database(self, state: &mut State, kept: usize) {
        self.database(state).crash(kept);
        state.flight.clear();
        state.watched = false;
        for worker in &mut state.workers {
            self.lose_answer(worker);
        }
    }

    /// What an attempt may end with.
    pub fn endings(state: &State, task: usize, fence: Fence) -> Vec<Decision> {
        // As the worker was told when it claimed: failures since then are its own.
        let left = state.rows[task].failures < RETRIES;
        let fails = if left { Decision::Retry } else { Decision::Fail };
        let mut all = vec![Decision::Succeed, fails];
        if state.left.put_backs > 0 && fence.attempt > 0 {
            all.push(Decision::PutBack);
        }
        all
    }

    /// Whether a claim may choose this task now.
    pub fn may_choose(self, state: &State, session: u8, task: usize) -> bool {
        let waits = matches!(state.rows[task].status, Status::Pending | Status::Retrying);
        let free = !state.is_locked(task) || self.is(Twin::ClaimUnlocked);
        // Tasks are alike: the second one is touched after the first.
        let in_turn = task == 0 || state.rows[0].version > 1 || state.is_locked(0);
        waits && free && in_turn && (state.is_live(session) || self.is(Twin::ClaimUnderNoLease))
    }
}

fn fault(state: &mut State) {
    state.left.faults = state.left.faults.saturating_sub(1);
}

fn is_held(holder: Option<Fence>, fence: Fence) -> bool {
    holder.is_some_and(|h| h.epoch == fence.epoch && h.session == fence.session)
}

fn held(worker: &mut Worker, task: usize) -> &mut Held {
    worker.held.iter_mut().find(|held| held.task == task).expect("actions name what is held")
}

/// The claim that a statement belongs to, in truth.
pub fn number(statement: Statement) -> u8 {
    match statement {
        Statement::Claim { claim, .. } => claim,
        Statement::Record { fence, .. } => fence.claim,
    }
}

/// Takes a claim out of the flight.
fn take_claim(state: &mut State, number: u8) -> Option<(u8, u8, Option<usize>)> {
    let found = state.flight.iter().find(|s| matches!(s, Statement::Claim { claim, .. } if *claim == number));
    let found = found.copied()?;
    state.flight.remove(&found);
    match found {
        Statement::Claim { session, epoch, locked, .. } => Some((session, epoch, locked)),
        Statement::Record { .. } => None,
    }
}

fn stop_waiting(state: &mut State, claim: u8) {
    for worker in &mut state.workers {
        worker.waiting = worker.waiting.filter(|waits| *waits != claim);
    }
}

/// Drops what nothing can ask for any more, so that equal states are one.
fn forget(state: &mut State) {
    let State { recorded, workers, flight, .. } = state;
    recorded.retain(|claim| {
        let held = workers.iter().flat_map(|w| &w.held).any(|h| h.fence.claim == *claim);
        held || flight.iter().any(|s| number(*s) == *claim)
    });
}
