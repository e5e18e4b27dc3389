//! How everything in one process is set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::OnMail;

/// What [`start`](crate::start) is to start.
#[derive(Clone)]
pub struct Options {
    /// Where Postgres keeps its data between runs; `None` for data that goes away with the
    /// process. Not looked at where `database_url` is given. Default: none.
    pub data_dir: Option<PathBuf>,
    /// A database to use instead of a Postgres of our own; must exist. There is no demo database
    /// then. Default: none.
    pub database_url: Option<String>,
    /// The directory with `postgres`, `initdb` and `psql`; `None` searches the machine. Default:
    /// none.
    pub postgres_dir: Option<PathBuf>,
    /// Host and port of the server; port 0 takes a free one. Default: `127.0.0.1:8080`.
    pub listen: String,
    /// Where mail is taken; port 0 takes a free one. Default: `127.0.0.1:0`.
    pub mail_listen: SocketAddr,
    /// How many tasks run at a time, 1 to 10,000. Default: 100.
    pub slots: usize,
    /// How long running attempts may go on after a stop was asked for. Default: 5 s.
    pub grace: Duration,
    /// Told of every mail that was taken. Default: a line in the log, at level `info`.
    pub on_mail: OnMail,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data_dir: None,
            database_url: None,
            postgres_dir: None,
            listen: "127.0.0.1:8080".into(),
            mail_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            slots: 100,
            grace: Duration::from_secs(5),
            on_mail: OnMail::default(),
        }
    }
}

// The address of the database holds a password.
impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("data_dir", &self.data_dir)
            .field("listen", &self.listen)
            .field("mail_listen", &self.mail_listen)
            .field("slots", &self.slots)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
