//! Everything that can go wrong, each with what to do about it.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a local Postgres could not be found, started or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No Postgres on this machine, in none of the usual places.
    #[error(
        "no PostgreSQL server found (looked in PATH, {}); install one, for example with \
         `apt-get install postgresql` or `brew install postgresql@17`, or name the directory \
         that holds `postgres` and `initdb`",
        places.join(", ")
    )]
    NotFound {
        /// The patterns that were searched after `PATH`.
        places: Vec<String>,
    },

    /// The directory named by the caller does not hold a whole server.
    #[error("{} holds no `{missing}`: name the directory with `postgres`, `initdb` and `psql`", dir.display())]
    IncompleteBinaries {
        /// The directory that was looked at.
        dir: PathBuf,
        /// The first program that is not there.
        missing: &'static str,
    },

    /// A server is there, but too old for the schema.
    #[error(
        "PostgreSQL {found} in {} is too old: {oldest} or newer is needed, for example from \
         `apt-get install postgresql-{oldest}`",
        dir.display()
    )]
    TooOld {
        /// Where the newest server that was found lives.
        dir: PathBuf,
        /// Its major version.
        found: u32,
        /// The oldest major version that is supported.
        oldest: u32,
    },

    /// The data was written by another major version, which this machine lacks.
    #[error(
        "the data in {} was written by PostgreSQL {wanted}, but only {available} is here: install \
         `postgresql-{wanted}`, or move the data with pg_upgrade",
        data_dir.display()
    )]
    WrongVersion {
        /// The data directory.
        data_dir: PathBuf,
        /// The major version that wrote it.
        wanted: u32,
        /// The major versions found, comma separated.
        available: String,
    },

    /// Settings that contradict each other or a promise of this crate.
    #[error("{0}")]
    Settings(String),

    /// Another supervisor works on the same data directory.
    #[error("{} is in use by another process: stop it, or choose another data directory", data_dir.display())]
    InUse {
        /// The data directory.
        data_dir: PathBuf,
    },

    /// A server that this crate did not start runs on the same data.
    #[error(
        "a PostgreSQL server (pid {pid}) already runs on {}: stop it with `kill -INT {pid}`, or \
         choose another data directory",
        data_dir.display()
    )]
    AlreadyRunning {
        /// The data directory.
        data_dir: PathBuf,
        /// The running server.
        pid: i32,
    },

    /// The user that runs the server cannot reach a directory.
    #[error(
        "PostgreSQL refuses to run as root and runs as `{user}` instead, which may not enter {}: \
         choose a directory outside it, such as /var/lib/task, or run `chmod o+x {}`",
        dir.display(), dir.display()
    )]
    Unreachable {
        /// The user that was to run the server.
        user: String,
        /// The directory it may not enter.
        dir: PathBuf,
    },

    /// No operating-system account to run the server with.
    #[error("{0}")]
    NoAccount(String),

    /// The data of a primary could not be copied for a standby.
    #[error("pg_basebackup failed ({status}): {output}")]
    Standby {
        /// How it ended.
        status: ExitStatus,
        /// Its last lines.
        output: String,
    },

    /// `initdb` failed.
    #[error("initdb failed ({status}): {output}")]
    InitDb {
        /// How it ended.
        status: ExitStatus,
        /// Its last lines.
        output: String,
    },

    /// The server ended before it was ready.
    #[error("PostgreSQL ended while starting ({status}); the last lines of {} are:\n{tail}", log.display())]
    EndedEarly {
        /// How it ended.
        status: ExitStatus,
        /// The log file.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },

    /// The server was not ready in time; it has been stopped again.
    #[error("PostgreSQL was not ready after {waited:?}; the last lines of {} are:\n{tail}", log.display())]
    NotReady {
        /// How long it was given.
        waited: Duration,
        /// The log file.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },

    /// The server did not end in time.
    #[error("PostgreSQL (pid {pid}) did not end within {waited:?}")]
    NotStopped {
        /// The server.
        pid: i32,
        /// How long it was given.
        waited: Duration,
    },

    /// A statement sent through `psql` failed.
    #[error("psql failed ({status}): {output}")]
    Sql {
        /// How `psql` ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },

    /// The download or the unpacking of Postgres failed.
    #[error("could not {step} PostgreSQL: {output}")]
    Download {
        /// What was being done: "download" or "unpack".
        step: &'static str,
        /// What the tool said.
        output: String,
    },

    /// A file or process operation failed.
    #[error("could not {doing}")]
    Io {
        /// What was being done, with the path or program.
        doing: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything: a server that
    /// is still stopping or starting, or a data directory that another process still holds.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::InUse { .. }
                | Self::AlreadyRunning { .. }
                | Self::NotReady { .. }
                | Self::NotStopped { .. }
        )
    }

    /// Makes the closure that wraps an [`io::Error`] with what was being done.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
