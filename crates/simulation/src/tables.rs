//! The store's tables in memory, with the meaning of its SQL: each method is one statement.
//!
//! Nothing here waits or fails; what can go wrong on the way to a database is in
//! [`link`](crate::link). Times are spans since the start.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use task_domain::{
    Cause, Claimed, Decision, Epoch, Kind, Lease, Name, Payload, Retries, Settled, Status, TaskId, limits,
};

use crate::bug::Bug;

/// All tables.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// The tasks, with where they stand.
    pub tasks: BTreeMap<i64, Row>,
    /// Every change.
    pub history: Vec<Entry>,
    /// Every registration of a worker.
    pub workers: BTreeMap<i64, WorkerRow>,
    keys: BTreeMap<String, i64>,
    /// Rows written so far: a statement that wrote none has nothing to bring to disk.
    pub writes: u64,
    /// Places in line that were given out.
    places: u64,
    bug: Option<Bug>,
}

/// A task.
#[derive(Clone, Debug)]
pub struct Row {
    /// Names the plugin.
    pub kind: Kind,
    /// Retries allowed after the first attempt.
    pub retries: u32,
    /// Deadline of each attempt.
    pub timeout: Option<Duration>,
    /// Where it stands.
    pub status: Status,
    /// The relation that it is in.
    pub place: Place,
    /// Attempts spent, the running one included.
    pub attempt: u32,
    /// Attempts that failed since it was created or last retried by hand.
    pub failures: u32,
    /// Workers lost over it since then.
    pub crashes: u32,
    /// How often it was lost alone when it had lost as many as a killer does.
    pub lost_alone: u32,
    /// The number of its newest change.
    pub version: i32,
}

/// The relation that a task is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In line.
    Ready(Duration, u64),
    /// Not to be started before.
    Delayed(Duration),
    /// Held by a worker, under a claim.
    Running(i64, i64),
    /// Ended.
    Finished,
}

/// A change of a task.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which task.
    pub task: i64,
    /// Its number.
    pub version: i32,
    /// The attempt.
    pub attempt: u32,
    /// The status it led to.
    pub status: Status,
    /// Which worker's.
    pub worker: Option<i64>,
    /// Why. The store does not keep it.
    pub cause: Cause,
    /// Under which claim. The store does not keep it.
    pub epoch: Option<i64>,
    /// What came out.
    pub result: Option<String>,
}

/// A registration of a worker.
#[derive(Clone, Copy, Debug)]
pub struct WorkerRow {
    /// When its lease runs out.
    pub lease_until: Duration,
    /// When it was last heard of.
    pub seen_at: Duration,
    /// Whether it was ended.
    pub ended: bool,
}

/// A worker's own lease has run out and may still be renewed: nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RanOut;

/// How a worker came to leave tasks behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// This one was stopped.
    Stopped(i64),
    /// It was lost.
    Lost,
}

impl Tables {
    /// Empty tables, of a store with this bug.
    pub fn new(bug: Option<Bug>) -> Self {
        Self { bug, ..Self::default() }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn place(&mut self, now: Duration) -> Place {
        self.places += 1;
        Place::Ready(now, self.places)
    }

    /// Moves a task and writes its history.
    fn change(&mut self, id: i64, status: Status, place: Place, entry: Entry) {
        self.writes += 1;
        let Some(row) = self.tasks.get_mut(&id) else { return };
        row.version += 1;
        row.status = status;
        row.place = place;
        let version = row.version;
        self.history.push(Entry { task: id, version, status, ..entry });
    }

    /// `submit.sql`: the task's id; that of the first one with this key.
    pub fn submit(
        &mut self,
        key: &str,
        kind: &str,
        retries: u32,
        timeout: Option<Duration>,
        now: Duration,
    ) -> i64 {
        if let Some(id) = self.keys.get(key)
            && !self.has(Bug::KeyIgnored)
        {
            return *id;
        }
        let id = i64::try_from(self.tasks.len()).unwrap_or(i64::MAX) + 1;
        let place = self.place(now);
        let row = Row {
            kind: Kind::from_store(kind),
            retries,
            timeout,
            status: Status::Pending,
            place,
            attempt: 0,
            failures: 0,
            crashes: 0,
            lost_alone: 0,
            version: 0,
        };
        self.tasks.insert(id, row);
        self.keys.insert(key.to_owned(), id);
        self.change(id, Status::Pending, place, entry(Cause::Created, 0));
        id
    }

    /// `register.sql`.
    pub fn register(&mut self, lease: Duration, now: Duration) -> i64 {
        self.writes += 1;
        let id = i64::try_from(self.workers.len()).unwrap_or(i64::MAX) + 1;
        self.workers.insert(id, WorkerRow { lease_until: now + lease, seen_at: now, ended: false });
        id
    }

    /// `renew.sql`: whether the lease was renewed; not if the worker was ended.
    pub fn renew(&mut self, worker: i64, lease: Duration, now: Duration) -> bool {
        self.writes += 1;
        let row = self.workers.get_mut(&worker).filter(|row| !row.ended);
        row.map(|row| (row.lease_until, row.seen_at) = (now + lease, now)).is_some()
    }

    /// `held.sql`: which of these leases are held no longer.
    pub fn lost(&self, leases: &[Lease]) -> Vec<Lease> {
        let held = |l: &Lease| {
            let row = self.tasks.get(&l.task.get());
            row.is_some_and(|row| matches!(row.place, Place::Running(_, epoch) if epoch == l.epoch.get()))
        };
        leases.iter().filter(|l| !held(l)).copied().collect()
    }

    /// Whether a worker may write: it was not ended, and its lease has not run out.
    fn standing(&self, worker: i64, now: Duration) -> Result<bool, RanOut> {
        match self.workers.get(&worker) {
            Some(row) if !row.ended && row.lease_until > now => Ok(true),
            Some(row) if !row.ended => Err(RanOut),
            _ => Ok(false),
        }
    }

    /// `claim.sql`.
    ///
    /// # Errors
    /// [`RanOut`] where the worker has no live lease.
    pub fn claim(
        &mut self,
        worker: i64,
        epoch: i64,
        limit: usize,
        now: Duration,
    ) -> Result<Vec<Claimed>, RanOut> {
        if self.standing(worker, now) != Ok(true) {
            return Err(RanOut);
        }
        let mut line: Vec<_> = self
            .tasks
            .iter()
            .filter_map(|(id, row)| match row.place {
                Place::Ready(at, place) => Some((at, place, *id)),
                _ => None,
            })
            .collect();
        line.sort_unstable();
        let chosen: Vec<i64> = line.into_iter().take(limit).map(|(_, _, id)| id).collect();
        Ok(chosen.into_iter().filter_map(|id| self.claim_one(worker, epoch, id)).collect())
    }

    fn claim_one(&mut self, worker: i64, epoch: i64, id: i64) -> Option<Claimed> {
        let row = self.tasks.get_mut(&id)?;
        row.attempt += 1;
        let claimed = Claimed {
            lease: Lease {
                task: TaskId::from_store(id),
                attempt: row.attempt,
                epoch: Epoch::from_store(epoch),
            },
            name: Name::from_store("simulated"),
            kind: row.kind.clone(),
            payload: Payload::default(),
            retries: Retries::new(row.retries).unwrap_or_default(),
            failures: row.failures,
            backoff: None,
            timeout: row.timeout,
        };
        let place =
            if self.bug == Some(Bug::ClaimTakesNothing) { row.place } else { Place::Running(worker, epoch) };
        let (attempt, told) = (row.attempt, self.history.len());
        let entry = Entry { worker: Some(worker), epoch: Some(epoch), ..entry(Cause::Claimed, attempt) };
        self.change(id, Status::Running, place, entry);
        if self.has(Bug::ClaimUntold) {
            self.history.truncate(told);
        }
        Some(claimed)
    }

    /// `put_back.sql`: how many tasks were put back that `worker` holds under these claims.
    pub fn put_back(&mut self, worker: i64, epochs: &[i64], now: Duration) -> usize {
        let held =
            |row: &Row| matches!(row.place, Place::Running(w, e) if w == worker && epochs.contains(&e));
        let ids: Vec<i64> = self.tasks.iter().filter(|(_, row)| held(row)).map(|(id, _)| *id).collect();
        for id in &ids {
            let place = self.place(now);
            let attempt = self.spare(*id);
            let entry = Entry { worker: Some(worker), ..entry(Cause::Interrupted, attempt) };
            self.change(*id, Status::Pending, place, entry);
        }
        ids.len()
    }

    /// Gives a task the running attempt back; its number.
    fn spare(&mut self, id: i64) -> u32 {
        self.tasks.get_mut(&id).map_or(0, |row| {
            row.attempt -= 1;
            row.attempt + 1
        })
    }

    /// `record.sql`: the tasks that were written.
    ///
    /// # Errors
    /// [`RanOut`] where the worker has to renew its lease first.
    pub fn record(&mut self, worker: i64, batch: &[Settled], now: Duration) -> Result<Vec<i64>, RanOut> {
        let stands = if self.has(Bug::ExpiredMayRecord) { true } else { self.standing(worker, now)? };
        let mut written = Vec::new();
        for Settled { lease, decision } in batch {
            let id = lease.task.get();
            let Some(row) = self.tasks.get(&id) else { continue };
            let Place::Running(holder, epoch) = row.place else { continue };
            let fence = (holder, epoch, row.attempt) == (worker, lease.epoch.get(), lease.attempt);
            let fits = match self.bug {
                Some(Bug::RecordUnfenced) => true,
                Some(Bug::ExpiredMayRecord) => row.attempt == lease.attempt,
                _ => fence,
            };
            if stands && fits {
                self.record_one(worker, *lease, decision, now);
                written.push(id);
            }
        }
        Ok(written)
    }

    fn record_one(&mut self, worker: i64, lease: Lease, decision: &Decision, now: Duration) {
        let id = lease.task.get();
        let (status, cause, failed, delay, result) = match decision {
            Decision::Succeed(result) => {
                let result = result.as_ref().map(|r| r.as_str().to_owned());
                (Status::Succeeded, Cause::Succeeded, 0, Duration::ZERO, result)
            }
            Decision::Retry { delay, .. } => (Status::Retrying, Cause::AttemptFailed, 1, *delay, None),
            Decision::Fail { .. } => (Status::Failed, Cause::GaveUp, 1, Duration::ZERO, None),
            Decision::PutBack { delay, .. } => (Status::Pending, Cause::Interrupted, 0, *delay, None),
        };
        let place = match status {
            _ if status.is_terminal() => Place::Finished,
            _ if delay.is_zero() => self.place(now),
            _ => Place::Delayed(now + delay),
        };
        if status == Status::Pending {
            self.spare(id);
        }
        if let Some(row) = self.tasks.get_mut(&id) {
            row.failures += failed;
        }
        let epoch = Some(lease.epoch.get());
        let entry = Entry { worker: Some(worker), epoch, result, ..entry(cause, lease.attempt) };
        self.change(id, status, place, entry);
    }

    /// `recorded_before.sql`: which of these decisions are in history already.
    pub fn recorded_before(&self, worker: i64, batch: &[Settled]) -> Vec<i64> {
        let status = |decision: &Decision| match decision {
            Decision::Succeed(_) => Status::Succeeded,
            Decision::Retry { .. } => Status::Retrying,
            Decision::Fail { .. } => Status::Failed,
            Decision::PutBack { .. } => Status::Pending,
        };
        let told = |s: &&Settled| {
            let status = status(&s.decision);
            let wanted = (s.lease.task.get(), s.lease.attempt, status, Some(worker));
            // The store keeps the claim for these two alone, since others may write them as well.
            let by_claim = matches!(status, Status::Pending | Status::Failed);
            self.history.iter().any(|e| {
                let is_it = (e.task, e.attempt, e.status, e.worker) == wanted;
                is_it && (!by_claim || e.epoch == Some(s.lease.epoch.get()))
            })
        };
        batch.iter().filter(told).map(|s| s.lease.task.get()).collect()
    }

    /// Whether this very decision was written: what no statement can ask.
    pub fn was_recorded(&self, lease: Lease) -> bool {
        let recorded = |e: &&Entry| e.cause != Cause::Claimed && e.epoch == Some(lease.epoch.get());
        self.history.iter().filter(recorded).any(|e| e.task == lease.task.get())
    }

    /// `end.sql`.
    pub fn end(&mut self, worker: i64) {
        self.writes += 1;
        if let Some(row) = self.workers.get_mut(&worker) {
            row.ended = true;
        }
    }

    /// The part of `upkeep.sql` that ends workers whose lease has run out, judged by somebody who
    /// has watched for so long: which.
    pub fn judge(&mut self, watched: Duration, now: Duration) -> Vec<i64> {
        let lost = |row: &WorkerRow| {
            !row.ended && row.lease_until < now && row.lease_until.saturating_sub(row.seen_at) <= watched
        };
        let ids: Vec<i64> = self.workers.iter().filter(|(_, row)| lost(row)).map(|(id, _)| *id).collect();
        for id in &ids {
            self.end(*id);
        }
        ids
    }

    /// `reclaim.sql`: how many tasks were taken back. `unit` gives random numbers from 0 to 1.
    pub fn reclaim(&mut self, how: Loss, now: Duration, mut unit: impl FnMut() -> f64) -> usize {
        if self.has(Bug::ReclaimNever) {
            return 0;
        }
        let living = self.has(Bug::ReclaimFromTheLiving);
        let left = |row: &Row| match row.place {
            Place::Running(worker, _) if matches!(how, Loss::Stopped(w) if w != worker) => false,
            Place::Running(worker, _) => {
                self.workers.get(&worker).is_none_or(|w| w.ended || living && w.lease_until < now)
            }
            _ => false,
        };
        let ids: Vec<i64> = self.tasks.iter().filter(|(_, row)| left(row)).map(|(id, _)| *id).collect();
        let lost = how == Loss::Lost;
        let mut suspects: HashMap<i64, usize> = HashMap::new();
        for id in &ids {
            let Some(row) = self.tasks.get_mut(id) else { continue };
            row.crashes += u32::from(lost);
            if let (Place::Running(worker, _), true) = (row.place, lost && row.crashes >= limits::CRASHES) {
                *suspects.entry(worker).or_default() += 1;
            }
        }
        for id in &ids {
            self.reclaim_one(*id, &suspects, now, &mut unit);
        }
        ids.len()
    }

    fn reclaim_one(
        &mut self,
        id: i64,
        suspects: &HashMap<i64, usize>,
        now: Duration,
        unit: &mut impl FnMut() -> f64,
    ) {
        let bug = self.has(Bug::NoQuarantine);
        let spares = !self.has(Bug::LossCostsAttempt);
        let Some(row) = self.tasks.get_mut(&id) else { return };
        let Place::Running(worker, _) = row.place else { return };
        let suspects = suspects.get(&worker).copied().unwrap_or_default();
        let suspect = suspects > 0 && row.crashes >= limits::CRASHES;
        let killer = suspect && (suspects == 1 || row.crashes >= 2 * limits::CRASHES);
        row.lost_alone += u32::from(suspect && suspects == 1);
        let (crashes, attempt) = (row.crashes, row.attempt);
        let entry = Entry { worker: Some(worker), ..entry(Cause::LeaseLost, attempt) };
        if killer && !bug {
            return self.change(id, Status::Failed, Place::Finished, entry);
        }
        if spares {
            row.attempt -= 1;
        }
        let place = if suspect && !killer {
            let longest = 20 * (crashes - limits::CRASHES + 1);
            Place::Delayed(now + Duration::from_secs(longest.into()).mul_f64(unit()))
        } else {
            self.place(now)
        };
        self.change(id, Status::Pending, place, entry);
    }

    /// `promote.sql`: how many tasks were brought into line.
    pub fn promote(&mut self, now: Duration) -> usize {
        let mut due: Vec<_> = self
            .tasks
            .iter()
            .filter_map(|(id, row)| match row.place {
                Place::Delayed(at) if at <= now => Some((at, *id)),
                _ => None,
            })
            .collect();
        due.sort_unstable();
        self.writes += due.len() as u64;
        for (_, id) in &due {
            let place = self.place(now);
            if let Some(row) = self.tasks.get_mut(id) {
                row.place = place;
            }
        }
        due.len()
    }

    /// Forgets the newest task, as a store would that acknowledges before it commits.
    pub fn lose_newest_task(&mut self) {
        if let Some((id, _)) = self.tasks.pop_last() {
            self.keys.retain(|_, task| *task != id);
            self.history.retain(|entry| entry.task != id);
        }
    }

    /// Has everything that waits for its time be due.
    pub fn make_due(&mut self, now: Duration) {
        for row in self.tasks.values_mut() {
            if let Place::Delayed(at) = &mut row.place {
                *at = now.min(*at);
            }
        }
    }

    /// `cancel.sql`: whether it was cancelled.
    pub fn cancel(&mut self, id: i64) -> bool {
        let ends = self.has(Bug::CancelTerminal);
        let Some(row) = self.tasks.get(&id).filter(|row| ends || !row.status.is_terminal()) else {
            return false;
        };
        let worker = if let Place::Running(worker, _) = row.place { Some(worker) } else { None };
        let entry = Entry { worker, ..entry(Cause::Cancelled, row.attempt) };
        self.change(id, Status::Cancelled, Place::Finished, entry);
        true
    }

    /// `retry.sql`: whether it runs again.
    pub fn retry(&mut self, id: i64, now: Duration) -> bool {
        let Some(row) = self.tasks.get_mut(&id).filter(|row| row.status.is_terminal()) else { return false };
        (row.failures, row.crashes, row.lost_alone) = (0, 0, 0);
        let attempt = row.attempt;
        let place = self.place(now);
        self.change(id, Status::Pending, place, entry(Cause::RetriedByHand, attempt));
        true
    }
}

/// A history row of nobody's.
fn entry(cause: Cause, attempt: u32) -> Entry {
    Entry {
        task: 0,
        version: 0,
        attempt,
        status: Status::Pending,
        worker: None,
        cause,
        epoch: None,
        result: None,
    }
}
