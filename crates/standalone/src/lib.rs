//! Everything in one process: a supervised local Postgres, server and worker wired together.
//!
//! ```no_run
//! # async fn example() -> Result<(), task_standalone::Error> {
//! use task_standalone::{Options, signals, start};
//!
//! let stop = signals::stop()?;
//! let options = Options { data_dir: Some(task_standalone::default_data_dir()?), ..Options::default() };
//! let running = start(options, |services| {
//!     println!("plugins send mail to {}", services.mail);
//!     Ok(task_plugin::Registry::new())
//! })
//! .await?;
//! println!("listening on http://{}", running.address());
//! running.run(stop).await
//! # }
//! ```
//!
//! Read the files in the order of a start: `options` say what is wanted, `start` joins the parts,
//! `database` brings Postgres up (and `keep` brings it up again when it dies), `demo` puts a small
//! database beside the queue's for queries to play with, `mail` takes what `send_email` sends, and
//! `running` takes everything down in the right order.
//!
//! The plugins are the caller's: it gets to know the [local services](LocalServices) and returns a
//! registry.

mod data_dir;
mod database;
mod demo;
mod error;
mod keep;
mod mail;
mod options;
mod part;
mod running;
pub mod signals;
mod start;

pub use data_dir::default_data_dir;
pub use error::Error;
pub use mail::{Mail, OnMail};
pub use options::Options;
pub use running::Running;
pub use start::{LocalServices, PluginsResult, start};
