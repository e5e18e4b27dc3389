//! What a run leaves behind: the database's histories, the journals of the workers, and the log of
//! the clients.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use sqlx::{PgPool, Row};
use task_domain::Status;

use crate::clock::Micros;
use crate::load::Log;
use crate::worker;

/// One change of a task, as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) version: i32,
    pub(crate) attempt: i32,
    pub(crate) status: Status,
    pub(crate) worker: Option<i64>,
    pub(crate) at: Micros,
    /// When it may run again, if not at once.
    pub(crate) due: Option<Micros>,
    pub(crate) details: Option<String>,
    /// The fence that the execution ran under which this change is the outcome of, as it told itself.
    pub(crate) epoch: Option<i64>,
}

impl Change {
    /// Whether it took the task back from a worker that was held to be lost.
    pub(crate) fn tells_of_a_loss(&self) -> bool {
        self.details.as_deref().is_some_and(|text| text.starts_with(WORKER_LOST))
    }
}

/// A task as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) key: Option<String>,
    pub(crate) retries: i32,
    /// By version.
    pub(crate) changes: Vec<Change>,
}

/// One execution that was started, as its worker noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Execution {
    pub(crate) task: i64,
    pub(crate) attempt: i32,
    pub(crate) epoch: i64,
    pub(crate) started: Micros,
    /// Nothing where it was cut off.
    pub(crate) ended: Option<Micros>,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) tasks: HashMap<i64, Task>,
    pub(crate) executions: Vec<Execution>,
    /// Starts under a fence that had been started under before.
    pub(crate) started_twice: Vec<Execution>,
    pub(crate) log: Log,
}

/// What history says of a task that was taken back from a worker that was lost.
const WORKER_LOST: &str = "its worker was lost";

const TASKS: &str = "select id, idempotency_key, retries from task";
const HISTORY: &str = "select task_id, version, attempt, status, worker_id, \
    (extract(epoch from created_at) * 1000000)::bigint as at, details, result, \
    (extract(epoch from run_at) * 1000000)::bigint as due \
    from task_history order by task_id, version";

impl Evidence {
    /// Reads everything.
    pub(crate) async fn gather(pool: &PgPool, dir: &Path, log: Log) -> Result<Self> {
        let mut evidence = Self { log, ..Self::default() };
        // One snapshot: tasks may still be running.
        let mut snapshot = pool.begin_with("begin isolation level repeatable read read only").await?;
        for row in sqlx::query(TASKS).fetch_all(&mut *snapshot).await? {
            let task = Task { key: row.get(1), retries: row.get(2), changes: Vec::new() };
            evidence.tasks.insert(row.get(0), task);
        }
        for row in sqlx::query(HISTORY).fetch_all(&mut *snapshot).await? {
            let id: i64 = row.get(0);
            let change = Change {
                version: row.get(1),
                attempt: row.get(2),
                status: Status::from_code(row.get(3))
                    .with_context(|| format!("task {id} has no such status"))?,
                worker: row.get(4),
                at: row.get(5),
                due: row.get(8),
                details: row.get(6),
                epoch: row.get::<Option<&str>, _>(7).and_then(epoch),
            };
            let task =
                evidence.tasks.get_mut(&id).with_context(|| format!("no task {id} for its history"))?;
            task.changes.push(change);
        }
        snapshot.commit().await?;
        for journal in worker::journals(dir)? {
            evidence.read_journal(&std::fs::read_to_string(&journal)?);
        }
        Ok(evidence)
    }

    fn read_journal(&mut self, text: &str) {
        let mut open: HashMap<(i64, i64), usize> = HashMap::new();
        for line in text.lines() {
            let Some((is_start, told)) = execution(line) else { continue };
            let key = (told.task, told.epoch);
            match (is_start, open.get(&key)) {
                (true, None) => {
                    open.insert(key, self.executions.len());
                    self.executions.push(told);
                }
                (true, Some(_)) => self.started_twice.push(told),
                (false, Some(&place)) => self.executions[place].ended = Some(told.started),
                (false, None) => {}
            }
        }
    }

    /// How often a task was taken back from a worker that was held to be lost.
    pub(crate) fn lost_leases(&self) -> usize {
        let lost =
            |change: &Change| change.details.as_deref().is_some_and(|text| text.starts_with(WORKER_LOST));
        self.changes().filter(|(_, change)| lost(change)).count()
    }

    /// When tasks succeeded, in order.
    pub(crate) fn completions(&self) -> Vec<Micros> {
        let succeeded = self.changes().filter(|(_, change)| change.status == Status::Succeeded);
        let mut all: Vec<_> = succeeded.map(|(_, change)| change.at).collect();
        all.sort_unstable();
        all
    }

    /// All changes, with their tasks.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (i64, &Change)> {
        self.tasks.iter().flat_map(|(id, task)| task.changes.iter().map(move |change| (*id, change)))
    }
}

/// The epoch in a result of a journalled execution.
fn epoch(result: &str) -> Option<i64> {
    serde_json::from_str::<serde_json::Value>(result).ok()?.get("epoch")?.as_i64()
}

/// Reads a line of a journal; an end has its time where a start has it.
fn execution(line: &str) -> Option<(bool, Execution)> {
    let mut words = line.split(' ');
    let is_start = match words.next()? {
        "start" => true,
        "end" => false,
        _ => return None,
    };
    let mut number = || words.next()?.parse::<i64>().ok();
    let (task, attempt, epoch, at) = (number()?, number()?, number()?, number()?);
    let attempt = i32::try_from(attempt).ok()?;
    Some((is_start, Execution { task, attempt, epoch, started: at, ended: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_tells_what_was_started_ended_and_cut_off() {
        let mut evidence = Evidence::default();
        evidence.read_journal("start 1 1 77 100\nstart 2 1 77 101\nend 1 1 77 150\nstart 2 1 77 160\nsta");
        let all: Vec<_> = evidence.executions.iter().map(|e| (e.task, e.ended)).collect();
        assert_eq!(all, [(1, Some(150)), (2, None)]);
        assert_eq!(evidence.started_twice.len(), 1);
    }

    #[test]
    fn the_fence_is_read_from_a_result() {
        assert_eq!(epoch(r#"{"attempt": 1, "epoch": 4294967297}"#), Some(4_294_967_297));
        assert_eq!(epoch("\"xxx\""), None);
    }
}
