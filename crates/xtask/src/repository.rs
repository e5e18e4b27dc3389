//! Where this repository is, and what belongs to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The top of the repository, wherever the command was started.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).expect("this crate is two folders below the top").to_owned()
}

/// The tracked files, relative to the top.
pub(crate) fn tracked_files() -> Result<Vec<PathBuf>> {
    let listed = Command::new("git").arg("-C").arg(root()).args(["ls-files", "-z"]).output();
    let listed = listed.context("cannot run git to list the tracked files")?;
    ensure!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr).trim());
    let names = String::from_utf8(listed.stdout).context("a tracked file has a name that is not UTF-8")?;
    Ok(names.split_terminator('\0').map(PathBuf::from).filter(|name| root().join(name).is_file()).collect())
}
