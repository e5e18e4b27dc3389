//! A process under test: started, signalled, waited for, and read by its log.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// Longest wait for a process that was killed to be gone.
const GONE: Duration = Duration::from_secs(10);
/// What processes get of the harness's own variables: the second one names a fault in builds that have
/// faults on purpose, so that the suite itself can be tested.
const PASSED_ON: [&str; 2] = ["PATH", task_domain::seeded::VARIABLE];
/// Time between two looks at a log.
const LOOK: Duration = Duration::from_millis(20);

/// A process that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    log: PathBuf,
    name: String,
}

/// What a process uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Memory in use, in KiB.
    pub(crate) rss_kib: u64,
    /// Open files and sockets.
    pub(crate) files: usize,
}

impl Process {
    /// Starts a program with nothing but these variables; what it says goes to `log`.
    pub(crate) fn start(
        name: &str,
        program: &Path,
        arguments: &[String],
        variables: &[(&str, String)],
        log: &Path,
    ) -> Result<Self> {
        let out = File::options().create(true).append(true).open(log)?;
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(PASSED_ON.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            // A group of its own: ctrl-c in a terminal is for the harness, which then ends it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let id = child.id().context("a process that has just started has an id")?;
        Ok(Self { child, pid: Pid::from_raw(id.cast_signed()), log: log.to_owned(), name: name.to_owned() })
    }

    /// Sends a signal; it must not have been waited for yet.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        kill(self.pid, signal).with_context(|| format!("cannot send {signal} to {}", self.name))
    }

    /// Ends it with SIGKILL and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        // It may have ended by itself, which its caller sees by its log.
        let _ = kill(self.pid, Signal::SIGKILL);
        self.end(GONE).await.map(drop)
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self, limit: Duration) -> Result<ExitStatus> {
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!("{} had not ended after {limit:?}", self.name),
        }
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until it has said something.
    pub(crate) async fn hears(&mut self, words: &str, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        while !self.said().contains(words) {
            if self.has_ended()? || Instant::now() >= end {
                bail!("{} did not say `{words}`; it said: {}", self.name, self.said());
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// What it uses now; nothing of a process that has ended.
    pub(crate) fn usage(&self) -> Usage {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let rss_kib = rss.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or_default();
        let files = std::fs::read_dir(format!("/proc/{}/fd", self.pid)).map_or(0, Iterator::count);
        Usage { rss_kib, files }
    }
}
