//! The store's tables in memory, with the meaning of its SQL: each method is one statement. Those of clients
//! and workers are in [`work`], those by which servers and operators come between in [`upkeep`].
//!
//! Nothing here waits or fails; what can go wrong on the way to a database is in
//! [`link`](crate::link). Times are spans since the start.

mod upkeep;
mod work;

use std::collections::BTreeMap;
use std::time::Duration;

use task_domain::{Cause, Kind, Status};

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
