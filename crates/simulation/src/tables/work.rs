//! What clients and workers do: a task is submitted, claimed, put back, recorded.

use std::time::Duration;

use task_domain::{
    Cause, Claimed, Decision, Epoch, Kind, Lease, Name, Payload, Retries, Settled, Status, TaskId,
};

use super::{Entry, Place, RanOut, Row, Tables, WorkerRow, entry};
use crate::bug::Bug;

impl Tables {
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
}
