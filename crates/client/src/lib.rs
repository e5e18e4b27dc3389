//! A pleasant Rust client: deadlines, paging, idempotent creates, a watch that resumes.
//!
//! [`Client`] connects when it is first used and again whenever it has to. Calls that may safely be
//! repeated are repeated, with a growing and random pause, for as long as their deadline allows.
//! Creates always carry an idempotency key, so a repeated one stores nothing twice.

mod backoff;
mod batch;
mod bulk;
mod call;
mod client;
mod connect;
mod error;
mod options;
mod pages;
mod probe;
pub mod watch;

pub use backoff::Backoff;
pub use batch::batches;
pub use client::Client;
pub use connect::channel;
pub use error::{Error, Unreached};
pub use options::Options;
pub use task_proto::v1;
pub use watch::{Item as WatchItem, Watch};
