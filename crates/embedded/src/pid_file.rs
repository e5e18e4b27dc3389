//! Postgres's `postmaster.pid`: who serves a data directory, and how far it has come.
//!
//! The layout (pid first, status word on the eighth line) is Postgres's own interface to
//! `pg_ctl` since version 10: `src/include/utils/pidfile.h`.

use std::fs;
use std::path::Path;

use crate::processes;

/// The line, from 0, that holds the status.
const STATUS_LINE: usize = 7;

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PidFile {
    /// The postmaster.
    pub(crate) pid: i32,
    status: String,
}

impl PidFile {
    /// Reads the file of a cluster; `None` if there is none or it is not yet written in full.
    pub(crate) fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let status = lines.nth(STATUS_LINE - 1).unwrap_or_default().trim().to_owned();
        Some(Self { pid, status })
    }

    /// Whether the server accepts connections.
    pub(crate) fn is_ready(&self) -> bool {
        self.status == "ready"
    }

    /// Whether the process is really a server of this cluster. A number alone proves nothing:
    /// after a reboot, or in a new container, it may belong to anybody.
    pub(crate) fn is_live(&self, cluster: &Path) -> bool {
        processes::serves(self.pid, cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pid_and_status() {
        let text = "4711\n/data\n1700000000\n5432\n/run\n127.0.0.1\n  5432001    32768\nready   \n";
        let file = PidFile::parse(text).expect("a whole file");
        assert_eq!(file.pid, 4711);
        assert!(file.is_ready());
    }

    #[test]
    fn a_young_file_is_not_ready() {
        assert!(!PidFile::parse("4711\n/data\n").expect("a pid").is_ready());
        assert_eq!(PidFile::parse(""), None);
    }
}
