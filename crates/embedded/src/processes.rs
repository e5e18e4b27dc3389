//! Looking at processes that are not our children: a server found in a pid file, and the
//! backends of a killed one.

use std::fs;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Sends a signal; a process that is gone already is no error worth telling.
pub(crate) fn signal(pid: i32, signal: Signal) {
    if let Err(errno) = kill(Pid::from_raw(pid), signal)
        && errno != Errno::ESRCH
    {
        tracing::warn!(pid, %signal, %errno, "could not signal PostgreSQL");
    }
}

/// Whether `pid` is a server that works in `cluster`: a postmaster's working directory is its
/// data directory.
pub(crate) fn serves(pid: i32, cluster: &Path) -> bool {
    if !is_alive(pid) {
        return false;
    }
    match (fs::read_link(format!("/proc/{pid}/cwd")), cluster.canonicalize()) {
        (Ok(works_in), Ok(cluster)) => works_in == cluster,
        // May not be looked into: root in a container often lacks the right to. The name can be
        // read by all, and taking a stranger's server for this one is the safe mistake.
        _ => match fs::read_to_string(format!("/proc/{pid}/comm")) {
            Ok(name) => name.starts_with("postgres"),
            // No /proc on this system: the number is all there is.
            Err(_) => true,
        },
    }
}

/// Whether a process exists and still runs (a zombie does not).
pub(crate) fn is_alive(pid: i32) -> bool {
    match stat(pid) {
        Some((state, _)) => state != 'Z' && state != 'X',
        None if cfg!(target_os = "linux") => false,
        None => kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH),
    }
}

/// The children of a process. Empty where there is no `/proc`: there Postgres's backends end by
/// themselves when they notice that the postmaster is gone.
pub(crate) fn children(parent: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&pid| stat(pid).is_some_and(|(_, its_parent)| its_parent == parent))
        .collect()
}

/// State and parent of a process, from `/proc/PID/stat` (see proc(5)). The name in brackets may
/// hold anything, so the fields are counted from its end.
fn stat(pid: i32) -> Option<(char, i32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
