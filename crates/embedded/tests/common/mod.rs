//! What the tests share: a directory the server's user can enter, and queries through `psql`.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use task_embedded::{Durability, Running, Settings};
use tempfile::TempDir;

/// A temporary directory that the server's user can enter too, when the tests run as root.
pub(crate) fn reachable_dir() -> TempDir {
    let dir = tempfile::Builder::new().prefix("task-embedded-test-").tempdir_in("/tmp").expect("a directory");
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("a mode");
    dir
}

/// A small and quick server.
pub(crate) fn quick() -> Settings {
    Settings::ephemeral().durability(Durability::UntilMachineCrash).max_connections(20)
}

/// The answer to a query at an address, or what `psql` said.
pub(crate) fn query(postgres: &Running, url: &str, sql: &str) -> Result<String, String> {
    let mut psql = Command::new(postgres.binaries().dir().join("psql"));
    psql.args(["-XwqtA", "-d", url, "-c", sql]).env_remove("PGPASSWORD");
    run(&mut psql)
}

/// What a command printed, or its complaint.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().expect("the program starts");
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
