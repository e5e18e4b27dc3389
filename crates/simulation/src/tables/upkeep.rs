//! What servers and operators do: workers are ended, their tasks taken back, what is due brought into line;
//! tasks are cancelled and run again.

use std::collections::HashMap;
use std::time::Duration;

use task_domain::{Cause, Status, limits};

use super::{Entry, Loss, Place, Row, Tables, WorkerRow, entry};
use crate::bug::Bug;

impl Tables {
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
