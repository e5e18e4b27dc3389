//! What a plugin author meets: the trait, its context and outcome, the registry by type.
//!
//! A plugin is a type with one async method, `run`. The worker gives it the parameters of a task
//! and a [`Context`]; it gives back an [`Outcome`]. See `docs/write-a-plugin.md`.

mod context;
mod outcome;
mod parameters;
mod registry;
mod signal;

pub use context::Context;
pub use outcome::{Error, Outcome, Retry};
pub use parameters::Parameters;
pub use registry::{About, Plugin, PluginFuture, Registry, UnknownKind};
pub use signal::{Signal, Stop};
pub use task_domain::{Kind, Lease, TaskResult};
