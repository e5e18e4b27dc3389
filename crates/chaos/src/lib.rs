//! The fault suite: real servers, workers and a Postgres, started here, hurt on purpose, and judged
//! afterwards by what clients were promised.
//!
//! Read in this order: [`options`](Options) says how much, `scene` starts the processes (`process`,
//! `postgres`, `worker`, `server`), `load` submits and writes down what was acknowledged, `cases` has
//! one file for each fault, `evidence` gathers what is left behind (client logs, the journals of the
//! workers, the database), and `invariants` judge it.
//!
//! Nothing of the service is linked in: it is met by its binaries, its interface and its tables.

mod binaries;
mod case;
mod cases;
mod clock;
mod evidence;
mod figures;
mod invariants;
mod load;
mod options;
mod postgres;
mod process;
mod proxy;
mod report;
mod scene;
mod schedule;
mod server;
mod statistics;
mod worker;

pub use binaries::Programs;
pub use case::Case;
pub use cases::ALL;
pub use options::{Options, Scale};
pub use report::{Closing, Report, run};
