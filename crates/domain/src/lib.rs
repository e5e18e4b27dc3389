//! Words and rules of the Task Service: ids, tasks, the state table, retry policy, and the ports.
//!
//! Nothing here reads a clock, opens a socket or writes a row. What may follow what is decided in
//! [`status`]; what may be asked for is decided in [`limits`] and the types that enforce them; how
//! the parts of the service meet is decided in [`ports`].

pub mod attempt;
pub mod database_url;
pub mod filter;
pub mod history;
pub mod id;
pub mod invalid;
pub mod label;
pub mod lane;
pub mod limits;
pub mod payload;
pub mod ports;
pub mod retry;
pub mod seeded;
pub mod stats;
pub mod status;
pub mod task;
pub mod text;
pub mod worker;

pub use attempt::{Claimed, Decision, Executed, Lease, Outcome, Settled, Verdict};
pub use filter::{Cursor, Filter, Page, PageRequest, Position};
pub use history::HistoryEntry;
pub use id::{Epoch, TaskId, Version, WorkerId};
pub use invalid::Invalid;
pub use label::Labels;
pub use lane::Lane;
pub use payload::{Payload, TaskResult};
pub use retry::RetryPolicy;
pub use stats::{Activity, Durations, ErrorGroup, Head, KindInfo, Load, Losses, Stats, Tally, Window};
pub use status::{Cause, Status};
pub use task::{Created, NewTask, Task, TaskSummary};
pub use text::{IdempotencyKey, Kind, Name, Priority, Queue, Retries};
pub use worker::{WorkerInfo, WorkerRecord};
