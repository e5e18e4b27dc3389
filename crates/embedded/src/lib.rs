//! Finds, starts and supervises a local Postgres.
//!
//! One call gives a server that only its owner can reach, and that never outlives it:
//!
//! ```no_run
//! # async fn example() -> Result<(), task_embedded::Error> {
//! use task_embedded::{Settings, Shutdown};
//!
//! let postgres = task_embedded::start(Settings::kept("/var/lib/task")).await?;
//! postgres.create_database_if_missing("task").await?;
//! println!("connect to {}", postgres.url("task"));
//! postgres.stop(Shutdown::Fast).await
//! # }
//! ```
//!
//! Read the files in the order a start meets them: [`settings`](Settings) say what is wanted,
//! `binaries` finds an installed server (`download` fetches one for who asks), `account` decides which
//! operating-system user runs it, `home` locks and lays out the data directory, `cluster` creates
//! the database files, `child` starts the process, and `running` is the handle the caller keeps.
//!
//! # Who can connect
//! - Over TCP (127.0.0.1 only) with the generated password, which is kept in the file `password`
//!   (mode 0600) of the data directory and is part of [`Running::url`].
//! - Over the unix socket, without a password, only the operating-system user that started the
//!   server, and only as the superuser ([`Running::socket_url`]).
//!
//! # What is deliberately absent
//! No SQL driver (the few statements go through the server's own `psql`), no configuration from
//! the environment (only `PATH` is read, to find the binaries), no daemon: the server is a direct
//! child and ends with this process, even when this process is killed with SIGKILL (on Linux;
//! elsewhere an orphan is reported by the next start).

mod account;
mod binaries;
mod child;
mod cluster;
mod download;
mod error;
mod home;
mod pid_file;
mod processes;
mod running;
mod settings;
mod sql;
mod standby;
mod start;
mod sweep;

pub use binaries::{Binaries, OLDEST_MAJOR};
pub use download::Download;
pub use error::Error;
pub use home::check_data_dir;
pub use running::{Running, Shutdown};
pub use settings::{Durability, Settings};
pub use start::start;
