//! What happened over time: how often tasks changed, how long they waited and ran, how types fare.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::{Invalid, Kind, Lane, Status, TaskId};

/// How often tasks changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Tasks created.
    pub created: u64,
    /// Attempts started.
    pub started: u64,
    /// Tasks that ended well.
    pub succeeded: u64,
    /// Tasks that ended badly.
    pub failed: u64,
    /// Attempts that failed and are tried again.
    pub retrying: u64,
    /// Attempts that were broken off and put back.
    pub put_back: u64,
    /// Tasks taken back by an operator.
    pub cancelled: u64,
}

impl Activity {
    /// Counts `n` changes from one status, or from nothing, to another. A retry by hand counts as
    /// nothing: its task was created before.
    pub fn add(&mut self, from: Option<Status>, to: Status, n: u64) {
        match (from, to) {
            (None, _) => self.created += n,
            (_, Status::Running) => self.started += n,
            (_, Status::Succeeded) => self.succeeded += n,
            (_, Status::Failed) => self.failed += n,
            (_, Status::Retrying) => self.retrying += n,
            (Some(Status::Running), Status::Pending) => self.put_back += n,
            (_, Status::Cancelled) => self.cancelled += n,
            (Some(_), Status::Pending) => {}
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        self.created += other.created;
        self.started += other.started;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.retrying += other.retrying;
        self.put_back += other.put_back;
        self.cancelled += other.cancelled;
    }

    /// Attempts that ended by themselves.
    pub fn finished(&self) -> u64 {
        self.succeeded + self.failed + self.retrying
    }

    /// The share of those that failed, 0 where there are none.
    #[expect(clippy::cast_precision_loss, reason = "a share is no count")]
    pub fn failure_share(&self) -> f64 {
        let finished = self.finished();
        if finished == 0 { 0.0 } else { (self.failed + self.retrying) as f64 / finished as f64 }
    }
}

/// How long something took, as a histogram: bucket b counts from 2^(b/4) to 2^((b+1)/4) microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations(BTreeMap<u16, u64>);

impl Durations {
    /// Counts `n` in a bucket.
    pub fn add(&mut self, bucket: u16, n: u64) {
        *self.0.entry(bucket).or_default() += n;
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        for (&bucket, &n) in &other.0 {
            self.add(bucket, n);
        }
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The time that this share of them, 0 to 1, did not exceed; interpolated within the bucket. Zero
    /// where none was counted.
    #[expect(clippy::cast_precision_loss, reason = "a percentile is an estimate")]
    pub fn percentile(&self, share: f64) -> Duration {
        let rank = share * self.count() as f64;
        let mut below = 0.0;
        for (&bucket, &n) in &self.0 {
            let n = n as f64;
            if below + n >= rank {
                let within = ((rank - below) / n).clamp(0.0, 1.0);
                let micros = ((f64::from(bucket) + within) / 4.0).exp2();
                return Duration::from_secs_f64(micros / 1e6);
            }
            below += n;
        }
        Duration::ZERO
    }
}

/// What happened during a stretch of time, or to the tasks of a lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often tasks changed.
    pub activity: Activity,
    /// How long tasks waited, from when they might start to when they did.
    pub waited: Durations,
    /// How long attempts ran.
    pub ran: Durations,
}

impl Tally {
    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        self.activity.merge(&other.activity);
        self.waited.merge(&other.waited);
        self.ran.merge(&other.ran);
    }
}

/// How far back a question about the past reaches, and in what steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(Duration);

impl Window {
    /// The shortest and the longest.
    pub const RANGE: std::ops::RangeInclusive<Duration> =
        Duration::from_mins(1)..=Duration::from_hours(90 * 24);

    /// Checks a window that came from outside.
    ///
    /// # Errors
    /// [`Invalid`] outside of [`Self::RANGE`].
    pub fn new(span: Duration) -> Result<Self, Invalid> {
        if Self::RANGE.contains(&span) {
            return Ok(Self(span));
        }
        Err(Invalid::new("window", "must be from 1 minute to 90 days"))
    }

    /// One day.
    pub fn day() -> Self {
        Self(Duration::from_hours(24))
    }

    /// Minutes that each point covers: 1 up to 3 hours, 15 up to 2 days, 60 above.
    pub fn step_minutes(self) -> i16 {
        match self.0.as_secs() {
            ..=10_800 => 1,
            10_801..=172_800 => 15,
            _ => 60,
        }
    }

    /// The time that each point covers.
    pub fn step(self) -> Duration {
        Duration::from_mins(self.step_minutes().unsigned_abs().into())
    }

    /// When each point begins, oldest first; the one that `now` lies in is the last.
    pub fn starts(self, now: Timestamp) -> Vec<Timestamp> {
        let step = i64::from(self.step_minutes()) * 60;
        let last = now.as_second().div_euclid(step) * step;
        let points = i64::try_from(self.0.as_secs().div_ceil(step.unsigned_abs())).unwrap_or(i64::MAX);
        let start = |n| Timestamp::from_second(last - n * step).unwrap_or(Timestamp::UNIX_EPOCH);
        (0..points).rev().map(start).collect()
    }

    /// When it begins, in whole hours.
    pub fn first_hour(self, now: Timestamp) -> Timestamp {
        let from = now.as_second() - i64::try_from(self.0.as_secs()).unwrap_or_default();
        Timestamp::from_second(from.div_euclid(3_600) * 3_600).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Default for Window {
    /// One hour.
    fn default() -> Self {
        Self(Duration::from_hours(1))
    }
}

/// What happened over a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// For each step, in order.
    pub points: Vec<(Timestamp, Tally)>,
    /// For each type that anything happened to.
    pub kinds: BTreeMap<Kind, Tally>,
}

/// The task of a lane that has been in line longest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The lane.
    pub lane: Lane,
    /// The task.
    pub task: TaskId,
    /// Since when it might start.
    pub since: Timestamp,
}

/// What is known of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// The type.
    pub kind: Kind,
    /// What its tasks do, where its plugin says so.
    pub description: Option<String>,
    /// Its parameters, as a JSON schema in text, where its plugin describes them.
    pub parameters_schema: Option<String>,
}

/// Errors that say the same but for what changes from one to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorGroup {
    /// The type.
    pub kind: Kind,
    /// What they say, with # in place of what changes.
    pub pattern: String,
    /// The newest one.
    pub example: String,
    /// About how many there were.
    pub count: u64,
    /// When the first one was.
    pub first_at: Timestamp,
    /// When the newest one was.
    pub last_at: Timestamp,
    /// The task of the newest one.
    pub last_task: TaskId,
}

/// What was lost lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Workers whose lease ran out or whose process was gone.
    pub workers: u64,
    /// Outcomes that came too late to be written.
    pub stale_writes: u64,
}

/// A worker's slots during one minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// When the minute began.
    pub start: Timestamp,
    /// Slots in use, at the mean of what it told.
    pub busy: f64,
    /// The most that it told.
    pub busy_max: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a bucket is small and positive"
    )]
    fn percentiles_lie_within_a_bucket_of_the_truth() {
        let mut durations = Durations::default();
        assert_eq!(durations.percentile(0.5), Duration::ZERO);
        for micros in 1..=10_000u32 {
            // As the database does it.
            durations.add(((f64::from(micros)).log2() * 4.0).floor() as u16, 1);
        }
        assert_eq!(durations.count(), 10_000);
        for share in [0.01, 0.5, 0.95, 0.99, 1.0] {
            let truth = 10_000.0 * share;
            let found = durations.percentile(share).as_secs_f64() * 1e6;
            assert!((found / truth).log2().abs() <= 0.25, "{share}: {found} for {truth}");
        }
    }

    #[test]
    fn a_window_ends_in_the_present_and_has_every_step() {
        let now: Timestamp = "2026-03-01T12:34:56Z".parse().unwrap();
        let starts = |secs| Window::new(Duration::from_secs(secs)).unwrap().starts(now);
        let hour = starts(3_600);
        assert_eq!(hour.len(), 60);
        assert_eq!(hour.last().unwrap().to_string(), "2026-03-01T12:34:00Z");
        assert_eq!(hour[0].to_string(), "2026-03-01T11:35:00Z");
        let day = starts(86_400);
        assert_eq!((day.len(), day.last().unwrap().to_string()), (96, "2026-03-01T12:30:00Z".to_owned()));
        let week = starts(7 * 86_400);
        assert_eq!((week.len(), week.last().unwrap().to_string()), (168, "2026-03-01T12:00:00Z".to_owned()));
        assert!(Window::new(Duration::from_secs(59)).is_err());
        assert!(Window::new(Duration::from_hours(91 * 24)).is_err());
    }

    #[test]
    fn changes_are_counted_by_what_they_lead_to() {
        let mut activity = Activity::default();
        activity.add(None, Status::Pending, 5);
        activity.add(Some(Status::Pending), Status::Running, 4);
        activity.add(Some(Status::Running), Status::Pending, 1);
        activity.add(Some(Status::Running), Status::Retrying, 2);
        activity.add(Some(Status::Running), Status::Succeeded, 1);
        activity.add(Some(Status::Succeeded), Status::Pending, 1);
        let expected = Activity {
            created: 5,
            started: 4,
            put_back: 1,
            retrying: 2,
            succeeded: 1,
            ..Activity::default()
        };
        assert_eq!(activity, expected);
        assert!((activity.failure_share() - 2.0 / 3.0).abs() < 1e-9);
    }
}
