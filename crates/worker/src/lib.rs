//! The worker process: options, wiring of store, plugins and pipeline in one readable function,
//! drain.

mod options;
mod sources;
mod worker;

pub use options::Options;
pub use worker::{Error, Ready, run};
