//! What a run has seen so far.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use task_domain::Status;
use tokio::time::Instant;

use super::histogram::Histogram;

/// Most different warnings and refusals that are kept.
const DIFFERENT: usize = 10;

/// Counters of a run; of bounded size.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Tasks that the service has acknowledged.
    pub(super) created: u64,
    /// Tasks that it has refused or did not answer for.
    pub(super) not_created: u64,
    /// Acknowledgements that name a task of another one.
    pub(super) doubled: u64,
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    /// Attempts after a first one.
    pub(super) retries: u64,
    /// Acknowledged and not ended in time, by where they stood at the last look.
    pub(super) lost: BTreeMap<String, u64>,
    pub(super) to_start: Histogram,
    pub(super) to_end: Histogram,
    /// When the service created the first task and the last.
    pub(super) created_within: Option<(Timestamp, Timestamp)>,
    /// When the first create was sent and the last end was seen, by this machine's clock.
    pub(super) started: Option<Instant>,
    pub(super) ended: Option<Instant>,
    /// Why tasks were not created, or failed.
    pub(super) reasons: BTreeMap<String, u64>,
    /// What to say meanwhile.
    pub(super) news: Vec<News>,
    warned: BTreeSet<String>,
}

/// What happened that people should know.
#[derive(Debug)]
pub(super) enum News {
    Warning(String),
    Broken(task_client::Error),
    Connected,
}

/// One task's life, by the service's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Life {
    pub(super) created: Option<Timestamp>,
    pub(super) started: Option<Timestamp>,
}

impl Tally {
    pub(super) fn acknowledge(&mut self, created_at: Option<Timestamp>) {
        self.created += 1;
        if let Some(at) = created_at {
            let (first, last) = self.created_within.unwrap_or((at, at));
            self.created_within = Some((first.min(at), last.max(at)));
        }
    }

    pub(super) fn refuse(&mut self, count: u64, why: String) {
        self.not_created += count;
        self.reason(why, count);
    }

    pub(super) fn start(&mut self, life: Life, at: Timestamp) {
        if let Some(created) = life.created {
            self.to_start.record(between(created, at));
        }
    }

    pub(super) fn end(&mut self, life: Life, at: Option<Timestamp>, status: Status, details: &str) {
        match status {
            Status::Succeeded => self.succeeded += 1,
            Status::Cancelled => self.cancelled += 1,
            _ => self.failed += 1,
        }
        if status != Status::Succeeded && !details.is_empty() {
            self.reason(crate::render::text::short(details, 200), 1);
        }
        if let (Some(created), Some(at)) = (life.created, at) {
            self.to_end.record(between(created, at));
        }
        self.ended = Some(Instant::now());
    }

    pub(super) fn lose(&mut self, stood: String) {
        *self.lost.entry(stood).or_default() += 1;
    }

    pub(super) fn warn(&mut self, warning: &str) {
        let warning = crate::render::text::clean(warning, false);
        if self.warned.len() < DIFFERENT && self.warned.insert(warning.clone()) {
            self.news.push(News::Warning(warning));
        }
    }

    /// Tasks that have ended, however.
    pub(super) fn finished(&self) -> u64 {
        self.succeeded + self.failed + self.cancelled
    }

    /// From the first create to the last end.
    pub(super) fn elapsed(&self) -> Option<Duration> {
        Some(self.ended?.duration_since(self.started?))
    }

    fn reason(&mut self, why: String, count: u64) {
        if self.reasons.len() < DIFFERENT || self.reasons.contains_key(&why) {
            *self.reasons.entry(why).or_default() += count;
        }
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
