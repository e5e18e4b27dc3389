//! Removes temporary directories (of data or of a socket) whose owner was killed before it could do so itself.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::unistd::Uid;

use crate::pid_file::PidFile;

/// How the name of every temporary directory begins.
pub(crate) const PREFIX: &str = "task-pg-";

/// A younger directory may belong to a start that has made its lock file but not yet locked it.
const YOUNGEST: Duration = Duration::from_mins(1);

/// Removes what nobody holds any more. Best effort: what cannot be removed is left.
pub(crate) fn remove_abandoned(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let dir = entry.path();
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&dir) {
            match fs::remove_dir_all(&dir) {
                Ok(()) => tracing::debug!(dir = %dir.display(), "removed an abandoned directory"),
                Err(error) => {
                    tracing::debug!(dir = %dir.display(), %error, "could not remove an abandoned directory");
                }
            }
        }
    }
}

/// Whether a directory is ours, has a lock that nobody holds, and no server.
fn is_abandoned(dir: &Path) -> bool {
    let ours = fs::symlink_metadata(dir)
        .is_ok_and(|found| found.is_dir() && found.uid() == Uid::effective().as_raw());
    if !ours {
        // Not even looked into: in a directory of everybody's, a stranger could put a pipe in the
        // place of the lock, and opening it would block.
        return false;
    }
    let Ok(lock) = File::open(dir.join("lock")) else {
        return false;
    };
    let old = lock
        .metadata()
        .and_then(|found| found.modified())
        .is_ok_and(|made| made.elapsed().is_ok_and(|age| age > YOUNGEST));
    let cluster = dir.join("cluster");
    let served = PidFile::read(&cluster).is_some_and(|file| file.is_live(&cluster));
    old && !served && lock.try_lock().is_ok()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn directory(root: &Path, name: &str, age: Duration) -> std::path::PathBuf {
        let dir = root.join(name);
        fs::create_dir(&dir).expect("a directory");
        let lock = File::create(dir.join("lock")).expect("a lock file");
        lock.set_modified(SystemTime::now() - age).expect("an older file");
        dir
    }

    #[test]
    fn removes_only_what_nobody_holds() {
        let root = tempfile::tempdir().expect("a directory");
        let old = Duration::from_hours(1);
        let abandoned = directory(root.path(), "task-pg-a", old);
        let young = directory(root.path(), "task-pg-b", Duration::ZERO);
        let foreign = directory(root.path(), "other", old);
        let held = directory(root.path(), "task-pg-c", old);
        let lock = File::open(held.join("lock")).expect("the lock file");
        lock.lock().expect("a free lock");

        remove_abandoned(root.path());
        assert!(!abandoned.exists());
        assert!(young.exists() && foreign.exists() && held.exists());
    }
}
