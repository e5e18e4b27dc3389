//! What tests share: a database per test, builders, the state oracle.
//!
//! ```no_run
//! # async fn example() {
//! let database = task_testing::Database::new().await;
//! // ... tasks are created, run and cancelled through the code under test ...
//! task_testing::oracle(&database.pool()).await.expect("a consistent database");
//! # }
//! ```
//!
//! Used as a dev-dependency only, and independent of the code under test: it brings its own
//! connection to Postgres and reads the tables with statements of its own, so that a mistake in
//! the store cannot hide itself.
//!
//! Which Postgres: the server at `TASK_TEST_POSTGRES_URL` if that is set (`make test` starts one for
//! the whole run), else one for each test process, started by the first test that asks.

mod builders;
mod database;
mod eventually;
mod oracle;
mod server;
mod template;

pub use builders::{new_task, new_task_with, payload};
pub use database::Database;
pub use eventually::eventually;
pub use oracle::{Wrong, oracle};
pub use server::{OwnCluster, SERVER_VARIABLE, own_cluster, settings};
