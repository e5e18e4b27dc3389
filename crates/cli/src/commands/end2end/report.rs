//! The result of a run.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::histogram::Histogram;
use super::tally::Tally;
use crate::render::when;

/// The result of a run, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// Whether every task was created once and has succeeded.
    pub(super) full_success: bool,
    tasks: u64,
    created: u64,
    not_created: u64,
    succeeded: u64,
    failed: u64,
    cancelled: u64,
    retries: u64,
    lost: u64,
    /// The lost ones, by where they stood at the last look.
    lost_by_status: BTreeMap<String, u64>,
    /// Tasks stored beyond those acknowledged.
    duplicates: u64,
    /// Tasks acknowledged that the service does not list; `None` where it could not be asked.
    missing: Option<u64>,
    /// From the first create to the last end.
    elapsed_seconds: Option<f64>,
    /// Ended tasks each second of it.
    throughput_per_second: Option<f64>,
    create_to_start_ms: Latency,
    create_to_end_ms: Latency,
    /// Why tasks were not created or failed, with their number.
    reasons: BTreeMap<String, u64>,
}

/// Quantiles in milliseconds, right to about 3%.
#[derive(Debug, Serialize)]
struct Latency {
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
}

impl Latency {
    fn of(histogram: &Histogram) -> Self {
        let ms = |span: Option<Duration>| span.map(|s| (s.as_secs_f64() * 1e6).round() / 1e3);
        Self {
            p50: ms(histogram.quantile(500)),
            p95: ms(histogram.quantile(950)),
            p99: ms(histogram.quantile(990)),
            max: ms(histogram.max()),
            mean: ms(histogram.mean()),
        }
    }

    fn told(&self) -> String {
        let ms = |ms: Option<f64>| {
            ms.map_or("-".to_owned(), |ms| when::duration(Duration::from_secs_f64(ms / 1e3)))
        };
        format!("p50 {}  p95 {}  p99 {}  max {}", ms(self.p50), ms(self.p95), ms(self.p99), ms(self.max))
    }
}

impl Report {
    /// Sums up. `stored` is how many tasks the service lists for the run.
    pub(super) fn new(tasks: u64, tally: Tally, stored: Option<u64>) -> Self {
        let lost = tally.lost.values().sum();
        // A create that failed here may still have been stored: only beyond those it is a duplicate.
        let duplicates =
            tally.doubled + stored.map_or(0, |n| n.saturating_sub(tally.created + tally.not_created));
        let missing =
            if tally.created == 0 { Some(0) } else { stored.map(|n| tally.created.saturating_sub(n)) };
        let elapsed = tally.elapsed().map(|e| e.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let throughput = elapsed.map(|seconds| tally.finished() as f64 / seconds.max(0.001));
        Self {
            full_success: tally.succeeded == tasks
                && tally.created == tasks
                && lost == 0
                && duplicates == 0
                && missing == Some(0),
            tasks,
            created: tally.created,
            not_created: tasks - tally.created.min(tasks),
            succeeded: tally.succeeded,
            failed: tally.failed,
            cancelled: tally.cancelled,
            retries: tally.retries,
            lost,
            lost_by_status: tally.lost,
            duplicates,
            missing,
            elapsed_seconds: elapsed.map(|e| (e * 1e3).round() / 1e3),
            throughput_per_second: throughput.map(|t| (t * 10.0).round() / 10.0),
            create_to_start_ms: Latency::of(&tally.to_start),
            create_to_end_ms: Latency::of(&tally.to_end),
            reasons: tally.reasons,
        }
    }

    /// For people.
    pub(super) fn told(&self) -> String {
        let mut out = String::new();
        let mut line = |key: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{key:<16} {value}");
        };
        line("Result", if self.full_success { "full success" } else { "NOT a full success" }.to_owned());
        line("Tasks", self.tasks.to_string());
        line("Created", self.created.to_string());
        line("Succeeded", self.succeeded.to_string());
        line("Failed", self.failed.to_string());
        if self.cancelled > 0 {
            line("Cancelled", self.cancelled.to_string());
        }
        let by: Vec<_> = self.lost_by_status.iter().map(|(s, n)| format!("{n} {s}")).collect();
        let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
        line("Lost", format!("{}{by}", self.lost));
        line("Retries", self.retries.to_string());
        if self.duplicates > 0 {
            line("Duplicates", self.duplicates.to_string());
        }
        match self.missing {
            Some(0) => {}
            Some(n) => line("Missing", format!("{n} acknowledged and not listed")),
            None => line("Missing", "unknown: the tasks could not be counted at last".to_owned()),
        }
        if let (Some(elapsed), Some(rate)) = (self.elapsed_seconds, self.throughput_per_second) {
            line("Elapsed", when::duration(Duration::from_secs_f64(elapsed)));
            line("Throughput", format!("{rate}/s"));
        }
        line("Create to start", self.create_to_start_ms.told());
        line("Create to end", self.create_to_end_ms.told());
        for (why, count) in &self.reasons {
            line("Because", format!("{count} x {}", crate::render::text::clean(why, false)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use task_domain::Status;

    use super::super::tally::Life;
    use super::*;

    fn tally(succeeded: u64) -> Tally {
        let mut tally = Tally::default();
        let created = Timestamp::UNIX_EPOCH;
        let life = Life { created: Some(created), started: None };
        for _ in 0..succeeded {
            tally.acknowledge(Some(created));
            tally.start(life, created + Duration::from_millis(2));
            tally.end(life, Some(created + Duration::from_millis(5)), Status::Succeeded, "");
        }
        tally
    }

    #[test]
    fn only_a_full_success_is_one() {
        assert!(Report::new(3, tally(3), Some(3)).full_success);
        assert!(!Report::new(3, tally(3), Some(4)).full_success, "one is there twice");
        assert!(!Report::new(3, tally(3), Some(2)).full_success, "one is missing");
        assert!(!Report::new(3, tally(3), None).full_success, "nobody knows");
        assert!(!Report::new(4, tally(3), Some(3)).full_success, "one was not created");
        let mut lost = tally(3);
        lost.acknowledge(None);
        lost.lose("PENDING".to_owned());
        let report = Report::new(4, lost, Some(4));
        assert!(!report.full_success);
        assert!(report.told().contains("1 (1 PENDING)"), "{}", report.told());
    }

    #[test]
    fn times_are_told_with_units() {
        let told = Report::new(3, tally(3), Some(3)).told();
        assert!(told.contains("Create to start  p50 2.0ms  p95 2.0ms"), "{told}");
        assert!(told.contains("Create to end    p50 5.0ms"), "{told}");
        let json = serde_json::to_value(Report::new(3, tally(3), Some(3))).unwrap();
        assert_eq!(json["createToEndMs"]["p99"], 5.0);
        assert_eq!(json["fullSuccess"], true);
    }
}
