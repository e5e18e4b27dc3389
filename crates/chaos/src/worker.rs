//! A worker under test: `task-cli serve`, with a journal of what it ran.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::Signal;

use crate::process::Process;

/// What a worker says when it has registered, before and after its id.
const READY: (&str, &str) = ("Worker ", " is ready");
/// What a worker says of each outcome that came too late.
const STALE: &str = "a stale outcome was refused";
/// Longest wait for a worker to come up.
const UP: Duration = Duration::from_secs(30);

/// How workers are started.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) program: PathBuf,
    pub(crate) slots: usize,
    pub(crate) lease: Duration,
    pub(crate) grace: Duration,
    pub(crate) extra: Vec<String>,
    pub(crate) dir: PathBuf,
}

/// A worker. Its files are read after its end as well.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) process: Process,
    pub(crate) database: String,
}

impl Worker {
    /// Starts one. It is not waited for.
    pub(crate) fn start(plan: &Plan, number: usize, database: String) -> Result<Self> {
        let name = format!("worker-{number}");
        let mut arguments: Vec<String> =
            ["serve", "--types", "simulate", "--name", &name].map(str::to_owned).to_vec();
        let millis = |time: Duration| format!("{}ms", time.as_millis());
        arguments.extend(["--concurrency".to_owned(), plan.slots.to_string()]);
        arguments.extend(["--lease-time".to_owned(), millis(plan.lease)]);
        arguments.extend(["--drain-grace".to_owned(), millis(plan.grace)]);
        arguments.extend_from_slice(&plan.extra);
        let journal = plan.dir.join(format!("{name}.journal"));
        let variables = [
            ("DATABASE_URL", database.clone()),
            ("TASK_LOG_LEVEL", "info".to_owned()),
            ("TASK_SIMULATE_JOURNAL", journal.display().to_string()),
        ];
        let log = plan.dir.join(format!("{name}.log"));
        let process = Process::start(&name, &plan.program, &arguments, &variables, &log)?;
        Ok(Self { process, database })
    }

    /// Waits until it has registered.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        self.process.hears(READY.1, UP).await
    }

    /// The ids under which it has registered.
    pub(crate) fn ids(&self) -> Vec<i64> {
        ids(&self.process.said())
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        self.process.signal(signal)
    }

    /// Outcomes of it that were refused since their lease was no longer held.
    pub(crate) fn stale_writes(&self) -> usize {
        self.process.said().matches(STALE).count()
    }
}

fn ids(log: &str) -> Vec<i64> {
    let lines = log.lines().filter_map(|line| line.strip_prefix(READY.0)?.split_once(READY.1));
    lines.filter_map(|(id, _)| id.parse().ok()).collect()
}

/// The journals in a folder.
pub(crate) fn journals(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "journal") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_what_a_worker_says() {
        let said =
            "Worker w-1 connects to it ...\nWorker 7 is ready: 3 tasks\nnoise\nWorker 12 is ready: x\n";
        assert_eq!(ids(said), [7, 12]);
    }
}
