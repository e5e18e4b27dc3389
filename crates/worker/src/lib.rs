//! The worker process: options, wiring of store, plugins and pipeline in one readable function,
//! drain.

mod options;
mod sources;
mod worker;

pub use options::Options;
/// How to reach the database, for those who set a worker up.
pub use task_store::Settings as Database;
pub use worker::{Error, Ready, run};
