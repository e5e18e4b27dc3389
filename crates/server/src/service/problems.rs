//! What is wrong, found in what was seen of the whole: pure, so that each rule can be tested.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use task_domain::{Activity, Head, Kind, Losses, Queue, Tally, WorkerRecord};
use task_proto::v1::{Problem, Severity};

/// How far back losses are counted.
pub(crate) const LATELY: Duration = Duration::from_mins(15);
/// A worker that starts needs a moment before its absence is a problem.
const UNSERVED: Duration = Duration::from_secs(5);
/// Tasks that wait longer than this, though workers are there for them, wait too long.
const LONG: Duration = Duration::from_mins(1);
/// Minutes looked at for what rises.
const RECENT: usize = 10;
/// Attempts and tasks below which shares say nothing.
const FEW: u64 = 20;
/// A backlog below this is none.
const BACKLOG: u64 = 1_000;

/// What was seen.
pub(crate) struct Seen<'a> {
    pub(crate) now: Timestamp,
    pub(crate) heads: &'a [Head],
    pub(crate) workers: &'a [WorkerRecord],
    /// Tasks that are PENDING.
    pub(crate) waiting: u64,
    /// The last hour, by minute.
    pub(crate) points: &'a [(Timestamp, Tally)],
    pub(crate) losses: Losses,
}

/// The problems, the gravest first.
pub(crate) fn find(seen: &Seen<'_>) -> Vec<Problem> {
    let mut problems = unserved(seen);
    problems.extend(late(seen));
    problems.extend(growing(seen));
    problems.extend(failing(seen));
    problems.extend(lost(seen));
    problems.extend(stale(seen));
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    problems
}

fn problem(code: &str, severity: Severity, kind: Option<&Kind>, message: String, advice: String) -> Problem {
    let r#type = kind.map(ToString::to_string).unwrap_or_default();
    Problem { code: code.to_owned(), severity: severity.into(), message, advice, r#type }
}

fn serves(worker: &WorkerRecord, head: &Head) -> bool {
    !worker.draining
        && worker.info.kinds.contains(&head.lane.kind)
        && (worker.info.queues.is_empty() || worker.info.queues.contains(&head.lane.queue))
}

/// For each type and queue with tasks in line, since when the first of them waits.
fn lines<'a>(seen: &'a Seen<'_>, served: bool) -> BTreeMap<(&'a Kind, &'a Queue), (Duration, i64)> {
    let mut lines = BTreeMap::new();
    for head in seen.heads {
        if seen.workers.iter().any(|worker| serves(worker, head)) != served {
            continue;
        }
        let waited = Duration::try_from(seen.now.duration_since(head.since)).unwrap_or_default();
        let line = lines.entry((&head.lane.kind, &head.lane.queue)).or_insert((waited, head.task.get()));
        *line = (*line).max((waited, head.task.get()));
    }
    lines
}

fn unserved(seen: &Seen<'_>) -> Vec<Problem> {
    let told = |((kind, queue), (waited, task)): ((&Kind, &Queue), (Duration, i64))| {
        let message = format!(
            "no live worker runs type `{kind}` in queue `{queue}`; task {task} has waited {}",
            words(waited)
        );
        let advice = format!(
            "start one: task-cli serve --types {kind}; or cancel what waits: task-cli task cancel --type {kind}"
        );
        problem("no_worker", Severity::Critical, Some(kind), message, advice)
    };
    lines(seen, false).into_iter().filter(|(_, (waited, _))| *waited > UNSERVED).map(told).collect()
}

fn late(seen: &Seen<'_>) -> Vec<Problem> {
    let slots: u32 = seen.workers.iter().map(|w| w.info.slots).sum();
    let busy: u32 = seen.workers.iter().map(|w| w.busy).sum();
    let told = |((kind, queue), (waited, task)): ((&Kind, &Queue), (Duration, i64))| {
        let message = format!(
            "task {task} of type `{kind}` in queue `{queue}` has waited {} for a free slot; {busy} of {slots} slots are busy",
            words(waited)
        );
        let advice = "add workers or slots (task-cli serve --concurrency N), or find what runs so long: task-cli task list --status running";
        problem("waiting_long", Severity::Warning, Some(kind), message, advice.to_owned())
    };
    lines(seen, true).into_iter().filter(|(_, (waited, _))| *waited > LONG).map(told).collect()
}

/// What happened in the last minutes, and in those before.
fn recent(seen: &Seen<'_>) -> (Activity, Activity) {
    let (mut recent, mut before) = (Activity::default(), Activity::default());
    for (n, (_, tally)) in seen.points.iter().rev().enumerate() {
        if n < RECENT { recent.merge(&tally.activity) } else { before.merge(&tally.activity) }
    }
    (recent, before)
}

fn growing(seen: &Seen<'_>) -> Option<Problem> {
    let (recent, _) = recent(seen);
    let left = recent.succeeded + recent.failed + recent.cancelled;
    let grows = recent.created > left + left / 10 && recent.created - left > BACKLOG / 2;
    (seen.waiting >= BACKLOG && grows).then(|| {
        let message = format!(
            "the backlog grows: {} tasks wait; in the last {RECENT} minutes {} came and {left} left",
            seen.waiting, recent.created
        );
        let advice = "add workers, or slow down who submits; `task-cli task stats` shows which types";
        problem("backlog_growing", Severity::Warning, None, message, advice.to_owned())
    })
}

fn failing(seen: &Seen<'_>) -> Option<Problem> {
    let (recent, before) = recent(seen);
    let (now, then) = (recent.failure_share(), before.failure_share());
    let rises = recent.finished() >= FEW && now > 0.1 && (now > 0.5 || now > 2.0 * then);
    rises.then(|| {
        let message = format!(
            "{:.0} % of attempts failed in the last {RECENT} minutes, {:.0} % before",
            now * 100.0,
            then * 100.0
        );
        let advice = "see what they say: task-cli task errors";
        problem("failures_rising", Severity::Warning, None, message, advice.to_owned())
    })
}

fn lost(seen: &Seen<'_>) -> Option<Problem> {
    let n = seen.losses.workers;
    (n > 0).then(|| {
        let lost = counted(n, "worker was lost", "workers were lost");
        let message = format!("{lost} in the last 15 minutes; what ran there runs again");
        let advice = "look at their logs: they were killed, out of memory, or cut off from the database";
        problem("leases_lost", Severity::Warning, None, message, advice.to_owned())
    })
}

fn stale(seen: &Seen<'_>) -> Option<Problem> {
    let n = seen.losses.stale_writes;
    (n > 0).then(|| {
        let message =
            counted(n, "outcome was refused: its lease had ended", "outcomes were refused: their leases had ended");
        let advice = "workers stand still longer than their lease (15 s): look for paused processes, full machines or slow disks";
        problem("stale_writes", Severity::Warning, None, message, advice.to_owned())
    })
}

fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn words(span: Duration) -> String {
    match span.as_secs() {
        secs @ ..=119 => format!("{secs} s"),
        secs @ 120..=7_199 => format!("{} min", secs / 60),
        secs => format!("{} h", secs / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use task_domain::{Lane, Priority, Status, TaskId, WorkerId, WorkerInfo};

    use super::*;

    fn worker(kind: &str) -> WorkerRecord {
        let info = WorkerInfo {
            name: "w".into(),
            host: "h".into(),
            version: "1".into(),
            kinds: vec![Kind::from_store(kind)],
            queues: Vec::new(),
            slots: 10,
        };
        let at = Timestamp::UNIX_EPOCH;
        WorkerRecord {
            id: WorkerId::from_store(1),
            info,
            busy: 10,
            started_at: at,
            seen_at: at,
            draining: false,
            losses: 0,
        }
    }

    fn codes(heads: &[Head], workers: &[WorkerRecord], waiting: u64, activity: &[Activity]) -> Vec<String> {
        let tally = |activity: &Activity| Tally { activity: *activity, ..Tally::default() };
        let points: Vec<_> = activity.iter().map(|a| (Timestamp::UNIX_EPOCH, tally(a))).collect();
        let now = Timestamp::from_second(10_000).unwrap();
        let seen = Seen { now, heads, workers, waiting, points: &points, losses: Losses::default() };
        find(&seen).into_iter().map(|p| p.code).collect()
    }

    fn head(kind: &str, waited: i64) -> Head {
        let lane =
            Lane { queue: Queue::default(), kind: Kind::from_store(kind), priority: Priority::default() };
        Head { lane, task: TaskId::from_store(7), since: Timestamp::from_second(10_000 - waited).unwrap() }
    }

    #[test]
    fn nothing_is_wrong_where_all_is_well() {
        assert!(codes(&[head("a", 3)], &[worker("a")], 5, &[]).is_empty());
        assert!(codes(&[head("a", 3)], &[], 5, &[]).is_empty(), "a worker may just be starting");
    }

    #[test]
    fn a_type_that_nobody_runs_is_the_gravest() {
        let found = codes(&[head("a", 90), head("b", 61)], &[worker("b")], 5, &[]);
        assert_eq!(found, ["no_worker", "waiting_long"]);
    }

    #[test]
    fn a_backlog_and_failures_are_told_when_they_rise() {
        let mut bad = Activity::default();
        bad.add(None, Status::Pending, 5_000);
        bad.add(Some(Status::Running), Status::Succeeded, 100);
        bad.add(Some(Status::Running), Status::Retrying, 50);
        let mut good = Activity::default();
        good.add(None, Status::Pending, 1_000);
        good.add(Some(Status::Running), Status::Succeeded, 1_000);
        let quiet = [Activity::default(); 9];
        let hour = [&[good][..], &[bad][..], &quiet[..]].concat();
        assert_eq!(codes(&[], &[], 4_900, &hour), ["backlog_growing", "failures_rising"]);
        let steady = [&[bad][..], &[good][..], &quiet[..]].concat();
        assert!(codes(&[], &[], 4_900, &steady).is_empty());
    }

    #[test]
    fn what_was_lost_is_told() {
        let losses = Losses { workers: 2, stale_writes: 3 };
        let now = Timestamp::UNIX_EPOCH;
        let seen = Seen { now, heads: &[], workers: &[], waiting: 0, points: &[], losses };
        let found: Vec<_> = find(&seen).into_iter().map(|p| p.code).collect();
        assert_eq!(found, ["leases_lost", "stale_writes"]);
    }
}
