//! What all parts of a run share.

use std::sync::{Arc, Mutex, MutexGuard};

use task_domain::Lease;

use crate::link::Database;
use crate::oracle::Promises;

/// What all parts of a run share. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct World {
    /// The database.
    pub database: Database,
    promises: Arc<Mutex<Promises>>,
}

impl World {
    /// A new one, with this database.
    pub fn new(database: Database) -> Self {
        Self { database, promises: Arc::default() }
    }

    /// What was promised so far.
    ///
    /// # Panics
    /// If a holder of it has panicked.
    pub fn promises(&self) -> MutexGuard<'_, Promises> {
        self.promises.lock().expect("no holder of this lock panics")
    }

    /// Notes an attempt that a plugin starts.
    pub fn started(&self, lease: Lease) {
        self.promises().starts.push((lease.task.get(), lease.attempt, lease.epoch.get()));
        self.database.open().counts.starts += 1;
    }
}
