//! What each statement does to the tables, as the store's SQL has it.

use task_domain::status::TRANSITIONS;
use task_domain::{Cause, Status, limits};

use crate::property;
use crate::state::{Decision, Fence, State};
use crate::twin::Twin;

/// Retries that each task is allowed.
pub const RETRIES: u8 = 1;

/// How a worker came to leave work behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It signed off.
    Stopped,
    /// It was lost.
    Lost,
}

/// The statements. Each is one transaction.
pub struct Database<'a> {
    /// The moment that it changes.
    pub state: &'a mut State,
    /// The seeded bug, if any.
    pub twin: Option<Twin>,
}

impl Database<'_> {
    fn is(&self, twin: Twin) -> bool {
        self.twin == Some(twin)
    }

    /// A commit that is waited for: it and all before it are on disk.
    pub fn flushed(&mut self) {
        self.state.unflushed.clear();
    }

    /// Changes a task's status and writes the history row.
    fn change(&mut self, task: usize, to: Status, cause: Cause) {
        let row = self.state.rows[task];
        if row.status.is_terminal() && cause != Cause::RetriedByHand {
            self.state.breaks(property::ABSORBING);
        }
        if !TRANSITIONS.contains(&(Some(row.status), to, cause)) {
            self.state.breaks(property::LEGAL);
        }
        if row.version != row.told {
            self.state.breaks(property::GAPLESS);
        }
        let row = &mut self.state.rows[task];
        row.status = to;
        row.version += 1;
        row.told += 1;
        row.holder = None;
    }

    /// `claim.sql` at its commit: `task` goes to `fence`'s session.
    pub fn claim(&mut self, task: usize, session: u8, epoch: u8, claim: u8) -> Fence {
        // Not waited for.
        let before = self.state.rows;
        self.state.unflushed.push(before);
        if let Some(holder) = self.state.rows[task].holder
            && !self.state.has_ended(holder.session)
        {
            self.state.breaks(property::ONE_LEASE);
        }
        self.change(task, Status::Running, Cause::Claimed);
        let row = &mut self.state.rows[task];
        row.attempt += 1;
        let fence = Fence { session, attempt: row.attempt, epoch, claim };
        row.holder = Some(fence);
        fence
    }

    /// `put_back.sql`: tasks held under claims of `session` that it never heard of.
    pub fn put_back(&mut self, session: u8, epochs: &[u8]) {
        let before = self.state.rows;
        for task in 0..self.state.rows.len() {
            let holder = self.state.rows[task].holder;
            if holder.is_some_and(|h| h.session == session && epochs.contains(&h.epoch)) {
                self.change(task, Status::Pending, Cause::Interrupted);
                self.state.rows[task].attempt -= 1;
                self.state.rows[task].told -= u8::from(self.is(Twin::PutBackUntold));
            }
        }
        if self.is(Twin::PutBackUnflushed) {
            if self.state.rows != before {
                self.state.unflushed.push(before);
            }
        } else {
            self.flushed();
        }
    }

    /// `record.sql`. Whether it was written; nothing if the worker has to renew its lease first.
    pub fn record(&mut self, task: usize, fence: Fence, decision: Decision) -> Option<bool> {
        let session = self.state.sessions[usize::from(fence.session)];
        let expired = session.ended || session.ran_out;
        if session.ran_out && !session.ended && !self.is(Twin::ExpiredMayRecord) {
            return None;
        }
        let row = self.state.rows[task];
        let found = row.status == Status::Running
            && row.holder.is_some_and(|holder| {
                if self.is(Twin::RecordUnfenced) {
                    true
                } else if expired && self.is(Twin::ExpiredMayRecord) {
                    holder.attempt == fence.attempt
                } else {
                    let same = (holder.session, holder.attempt, holder.epoch);
                    same == (fence.session, fence.attempt, fence.epoch)
                }
            });
        let allowed = !session.ended || self.is(Twin::ExpiredMayRecord);
        if !found || !allowed {
            self.state.seen.stale = true;
            return Some(false);
        }
        if row.holder.is_none_or(|holder| holder.claim != fence.claim) {
            self.state.breaks(property::FENCED);
        }
        let (to, cause) = match decision {
            Decision::Succeed => (Status::Succeeded, Cause::Succeeded),
            Decision::Retry => (Status::Retrying, Cause::AttemptFailed),
            Decision::Fail => (Status::Failed, Cause::GaveUp),
            Decision::PutBack => (Status::Pending, Cause::Interrupted),
        };
        self.change(task, to, cause);
        let row = &mut self.state.rows[task];
        row.failures += u8::from(matches!(decision, Decision::Retry | Decision::Fail));
        row.attempt -= u8::from(decision == Decision::PutBack);
        self.state.recorded.insert(fence.claim);
        self.flushed();
        Some(true)
    }

    /// `reclaim.sql`.
    pub fn reclaim(&mut self, how: Loss) {
        let marked = std::mem::take(&mut self.state.marked);
        let mut taken = Vec::new();
        for task in 0..self.state.rows.len() {
            let Some(holder) = self.state.rows[task].holder else { continue };
            if self.state.has_ended(holder.session) || how == Loss::Lost && marked.contains(&task) {
                taken.push((task, holder));
            }
        }
        let of = |session| taken.iter().filter(move |(_, holder)| holder.session == session);
        let crashes = |task: usize| u32::from(self.state.rows[task].crashes) + u32::from(how == Loss::Lost);
        let is_suspect = |task| how == Loss::Lost && crashes(task) >= limits::CRASHES;
        let suspects = |session| of(session).filter(|(task, _)| is_suspect(*task)).count();
        let company: Vec<_> = taken.iter().map(|(_, holder)| suspects(holder.session)).collect();
        for ((task, holder), suspects) in taken.into_iter().zip(company) {
            self.take_back(task, holder, how, suspects);
        }
        self.flushed();
    }

    /// `suspects` is how many of those that were lost with the same worker have now lost enough of them to be
    /// its killer.
    fn take_back(&mut self, task: usize, holder: Fence, how: Loss, suspects: usize) {
        if !self.state.has_ended(holder.session) {
            self.state.breaks(property::TAKEN_FROM_THE_LOST);
        }
        let lost = how == Loss::Lost;
        let crashes = self.state.rows[task].crashes + u8::from(lost);
        let is_suspect = lost && u32::from(crashes) >= limits::CRASHES;
        let is_last = u32::from(crashes) >= 2 * limits::CRASHES && !self.is(Twin::TogetherIsEndless);
        let is_alone = suspects == 1 || self.is(Twin::TogetherIsGuilt);
        // Otherwise it waits for a random time, so that those which were lost together part. Any other step
        // may come before its next claim, so nothing need be noted for that.
        let killer = is_suspect && (is_alone || is_last) && !self.is(Twin::NoQuarantine);
        self.change(task, if killer { Status::Failed } else { Status::Pending }, Cause::LeaseLost);
        self.state.seen.quarantined |= killer;
        if is_suspect {
            self.state.seen.lost[task] = Some(suspects);
        }
        let spares = !killer && !self.is(Twin::LossCostsAttempt);
        let row = &mut self.state.rows[task];
        row.crashes = crashes;
        row.attempt -= u8::from(spares);
    }

    /// `cancel.sql`.
    pub fn cancel(&mut self, task: usize) {
        self.change(task, Status::Cancelled, Cause::Cancelled);
        self.flushed();
    }

    /// `retry.sql`.
    pub fn retry_by_hand(&mut self, task: usize) {
        self.change(task, Status::Pending, Cause::RetriedByHand);
        let row = &mut self.state.rows[task];
        (row.failures, row.crashes) = (0, 0);
        self.state.by_hand[task] = true;
        self.flushed();
    }

    /// A crash and a recovery with the first `kept` of the commits that were not waited for.
    pub fn crash(&mut self, kept: usize) {
        if let Some(rows) = self.state.unflushed.get(kept) {
            self.state.rows = *rows;
        }
        self.state.unflushed.clear();
    }
}
