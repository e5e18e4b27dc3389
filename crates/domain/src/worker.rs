//! A worker as others see it.

use jiff::Timestamp;

use crate::{Kind, Queue, WorkerId};

/// What a worker says of itself when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Its name, for people: by default host and process id. Need not be unique.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// The machine it runs on.
    pub host: String,
    /// The types it runs.
    pub kinds: Vec<Kind>,
    /// The queues it serves; all, where empty.
    pub queues: Vec<Queue>,
    /// How many tasks it runs at a time.
    pub slots: u32,
}

/// A live worker, as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerRecord {
    /// Names this run of it.
    pub id: WorkerId,
    /// What it said of itself.
    pub info: WorkerInfo,
    /// Slots in use when it was last heard of.
    pub busy: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub seen_at: Timestamp,
    /// Whether it is finishing what runs and claims nothing more.
    pub draining: bool,
    /// How often workers of this name were lost in the last 24 hours.
    pub losses: u32,
}
