//! Which Postgres a test runs on: one given by the environment, one of this process, or one of its
//! own.

use std::env;
use std::fmt::Display;

use nix::sys::statvfs::statvfs;
use task_embedded::{Durability, Running, Settings};
use tokio::sync::OnceCell;

use crate::Database;

/// Names a running server to use, as the address of any of its databases, for a role that may
/// create databases.
pub const SERVER_VARIABLE: &str = "TASK_TEST_POSTGRES_URL";

/// Where test databases are made: an address with the place of the database's name left open.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    before: String,
    after: String,
}

impl Server {
    /// Takes the address of any database of the server.
    fn of_url(url: &str) -> Self {
        let authority = url.find("://").map_or(0, |at| at + 3);
        let slash = url[authority..].find(['/', '?']).map_or(url.len(), |at| authority + at);
        let query = url[slash..].find('?').map_or(url.len(), |at| slash + at);
        Self { before: url[..slash].to_owned(), after: url[query..].to_owned() }
    }

    /// The address of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.before, self.after)
    }
}

/// The server of this process. Never dropped: it ends with the process, and the next start of any
/// such server removes its directory.
static OF_THIS_PROCESS: OnceCell<Running> = OnceCell::const_new();

/// The server that tests share.
pub(crate) async fn shared() -> Server {
    if let Ok(url) = env::var(SERVER_VARIABLE) {
        return Server::of_url(&url);
    }
    Server::of_url(&OF_THIS_PROCESS.get_or_init(start).await.url("postgres"))
}

/// How the Postgres of tests is run: data that goes away with it, in memory where there is room, and
/// connections for many tests at once.
pub fn settings() -> Settings {
    // Without fsync a crash of Postgres still loses no commit, which is all that tests crash.
    let mut settings = Settings::ephemeral()
        .durability(Durability::UntilMachineCrash)
        .max_connections(300)
        .parameter("max_wal_size", "256MB")
        // Kept with the data, so that a killed server leaves nothing behind.
        .parameter("dynamic_shared_memory_type", "mmap");
    if free_bytes(MEMORY) >= ENOUGH_MEMORY {
        settings.temp_root = MEMORY.into();
    }
    settings
}

/// Files made here live in memory (on Linux). A database of its own for each test is 300 files:
/// 0.02 seconds here, 0.2 on a disk.
const MEMORY: &str = "/dev/shm";

/// Below this the disk is used; a whole test run takes less than a tenth of it.
const ENOUGH_MEMORY: u64 = 4 << 30;

fn free_bytes(dir: &str) -> u64 {
    statvfs(dir).map_or(0, |found| found.blocks_available() * found.fragment_size())
}

async fn start() -> Running {
    let started = task_embedded::start(settings()).await;
    started.unwrap_or_else(|error| panic!("no Postgres for tests: {}", chain(&error)))
}

/// A Postgres for one test alone, that may be stopped, killed and restarted. Ends when dropped.
#[derive(Debug)]
pub struct OwnCluster {
    /// The supervised server, to be stopped, killed and restarted. Its port stays the same.
    pub postgres: Running,
}

impl OwnCluster {
    /// A fresh database with all migrations applied.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn database(&self) -> Database {
        Database::migrated_on(self.server()).await
    }

    /// A fresh database without tables.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn empty_database(&self) -> Database {
        Database::empty_on(self.server()).await
    }

    fn server(&self) -> Server {
        Server::of_url(&self.postgres.url("postgres"))
    }
}

/// Starts a Postgres for one test alone. Costs about two seconds; most tests want
/// [`Database::new`].
///
/// # Panics
/// If no Postgres can be started.
pub async fn own_cluster() -> OwnCluster {
    OwnCluster { postgres: start().await }
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> impl Display {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_the_database_where_it_belongs() {
        for (given, wanted) in [
            ("postgres://u:p@h:1/postgres", "postgres://u:p@h:1/new"),
            ("postgres://u:p@h:1", "postgres://u:p@h:1/new"),
            ("postgres://u@h/old?sslmode=disable", "postgres://u@h/new?sslmode=disable"),
            ("postgres://u@h?host=/run/pg", "postgres://u@h/new?host=/run/pg"),
        ] {
            assert_eq!(Server::of_url(given).url("new"), wanted, "{given}");
        }
    }
}
