//! What the many calls on one connection do together: they run within one task, and what they write at one moment leaves
//! in one packet.

mod group;
mod stream;

pub use group::{Group, Spawner};
pub use stream::Gathered;
