//! The worker's stages, each a tower layer over a stream, and the service stack inside execute.
//!
//! A task meets them in this order: [`ingest()`], [`ClaimLayer`], [`ExecuteLayer`], [`RetryLayer`],
//! [`RecordLayer`]. Each has an item type of its own, so that a wrong order does not compile. The
//! stages meet the store through the ports of the domain alone. Draining is the end of the first
//! stream: every later stage ends because its input did.

mod capacity;
pub mod chance;
mod claim;
mod execute;
mod ingest;
mod keep_alive;
mod live;
pub mod metric;
mod record;
mod retry;
mod running;

pub use capacity::Capacity;
pub use claim::ClaimLayer;
pub use execute::{ExecuteLayer, Limits};
pub use ingest::ingest;
pub use keep_alive::{Heartbeat, keep_alive};
pub use live::live;
pub use record::{RecordLayer, Recorded};
pub use retry::{RetryLayer, decide};
pub use running::Running;
pub use task_plugin::Stop;

use tower::Layer;

/// Lays the next stage over a stream.
pub trait Stage: Sized {
    /// `stream.stage(layer)` is `layer.layer(stream)`, in the order a task travels.
    fn stage<L: Layer<Self>>(self, layer: L) -> L::Service {
        layer.layer(self)
    }
}

impl<S: futures::Stream> Stage for S {}
