//! The worker's real pipeline over a fake store, on virtual time, with seeded faults.
//!
//! A run ([`run()`]) has workers made of the real stages ([`worker`]), servers that sweep, clients,
//! operators, and somebody who does harm ([`cast`]). They meet in a store in memory that has the meaning
//! of the store's SQL ([`tables`]), behind a link where statements are late, fail before or after they
//! were done, or are never answered ([`link`]). Processes are killed or stand still past their lease
//! ([`gate`]); plugins fail, panic, hang, or kill their worker ([`plugin`]). Then nothing goes wrong any
//! more, every task has to come to its end, and an oracle looks at all that was written ([`oracle`]).
//!
//! Everything happens on one thread, on a clock that jumps to the next thing to do, and every choice
//! comes from one seed: the same seed gives the same run.
//!
//! ```text
//! cargo test -p task-simulation                                  # 1,000 seeds
//! TASK_SEEDS=100000 cargo test -p task-simulation                # more
//! TASK_SEED=17 cargo test -p task-simulation -- --nocapture one  # one, with all that happens in it
//! ```
//!
//! A check that finds nothing proves nothing, so each [`Bug`] of the store has to be caught.

pub mod bug;
pub mod cast;
pub mod gate;
pub mod link;
pub mod oracle;
pub mod plugin;
pub mod ports;
pub mod run;
pub mod tables;
pub mod worker;
pub mod world;

pub use bug::Bug;
pub use link::Counts;
pub use run::{Report, run};
