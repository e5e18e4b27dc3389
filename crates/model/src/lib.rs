//! The protocol by which tasks are claimed, kept, recorded and taken back, as a model of which every
//! reachable state is looked at.
//!
//! Two workers, two tasks, a server that sweeps, and a database. In the model are: claims that are
//! committed without waiting for the disk, claims and records whose answer is lost while they run on,
//! leases that run out, workers that die, stand still and go on with what they believed, crashes of
//! the database, cancels, retries by hand, put-backs, and the end of a task that loses three workers, the
//! third one alone, or six together with another task.
//! [`database`] follows the store's SQL statement by statement; [`step`] follows the worker's and the
//! store's side of it. Time is left out but for what a lease says: it runs out for a worker that does
//! not renew, and the server may judge only where those that are there had time to.
//!
//! What must hold is in [`property`]. "No task is lost" is looked at in every state: from it, with no
//! more faults, what the parts do by themselves has to bring every task to its end ([`heal`]).
//!
//! A check that finds nothing proves nothing, so each seeded bug in [`Twin`] has to be caught.
//!
//! ```text
//! cargo test -p task-model -- --nocapture        # figures, and a way to each seeded bug
//! TASK_MODEL_FAULTS=3 cargo test -p task-model   # wider; also _OPERATIONS, _PUT_BACKS, _SESSIONS,
//!                                                # _CLAIMS and _SLOTS
//! ```

pub mod action;
pub mod database;
pub mod heal;
pub mod property;
pub mod protocol;
pub mod search;
pub mod state;
pub mod step;
pub mod twin;

pub use protocol::{Bounds, Protocol};
pub use search::{Found, Trace, hunt, search};
pub use twin::Twin;
