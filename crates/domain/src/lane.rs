//! Where a task waits.

use crate::{Kind, Priority, Queue};

/// A line of waiting tasks: those of one queue, type and priority, oldest first.
///
/// A claim looks only at the lanes its worker can serve, so tasks that nobody here can run cost
/// nothing, and each lane can be paused, limited and counted by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    /// The queue.
    pub queue: Queue,
    /// The type of its tasks.
    pub kind: Kind,
    /// The priority of its tasks.
    pub priority: Priority,
}
