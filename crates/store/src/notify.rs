//! Says "look" to other processes, after the fact and not too often.
//!
//! A NOTIFY takes a lock on the whole cluster when it commits, so none is part of a hot
//! transaction: each process has one connection that sends them, one statement for all that
//! gathered since the last, and waits between two sends on a channel. Every listener costs each send
//! its share, so that this pause grows with the number of workers. Only the hint of a task that comes
//! alone, after a while without any, goes with the task's own commit. They are hints: what is lost is
//! found by polling.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::AcqRel, Ordering::Relaxed, Ordering::Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::Settings;
use crate::connection::{ANSWER, Held, answered};
use crate::lane::Lanes;
use crate::settings::Purpose;

/// Wakes workers: there is work.
pub(crate) const READY: &str = "task_ready";
/// Wakes watches: tasks have changed.
pub(crate) const CHANGED: &str = "task_changed";
/// Wakes workers: a running task was cancelled.
pub(crate) const CANCELLED: &str = "task_cancelled";

/// Mean time between sends of a process on a channel that wakes workers, at least: at most 500 a second,
/// whatever the load. A task that comes alone is told at once.
const SPACING: Duration = Duration::from_millis(2);
/// The same for each live worker: with 100 of them, at most 10 a second. A hint costs 40 us of
/// processor time for each that hears it, and Postgres up to 18 wakes whoever listens in the database,
/// whatever the channel.
const SPACING_EACH: Duration = Duration::from_millis(1);
const SPACING_MAX: Duration = Duration::from_millis(500);
/// The same on the channel that servers follow changes by, for each live worker as well: all of them
/// together send some 200 a second. Who follows looks by itself while there is something to see.
const SPACING_CHANGED: Duration = Duration::from_millis(5);
const SPACING_CHANGED_MAX: Duration = Duration::from_secs(1);

/// So much earlier may a send come than its pause allows, where those before it came later: hints of tasks that
/// come at random do not wait for each other, and over any longer time there are no more of them. And so much earlier at
/// most does one go along with another's, after which the next comes as much later.
const ALLOWANCE: Duration = Duration::from_millis(10);

/// Longest wait before a send that failed is tried again.
const FAILED: Duration = Duration::from_secs(2);

/// A hint goes with a task's own commit where none was sent for so long. The lock that it takes is held while that
/// commit waits for the disk, and all other hints wait for it: so a process takes it at most 40 times a second, and 15
/// times if tasks come at random (of a rate r, r exp(-25 ms r) come after such a pause, at most 1 / (e 25 ms)).
const QUIET: Duration = Duration::from_millis(25);
/// After one was refused that was to go along, none is to for so long.
const REFUSED: Duration = Duration::from_mins(1);

/// The channels of a hint that goes with a task's own commit.
pub(crate) const ALONG: [&str; 2] = [READY, CHANGED];

const CHANNELS: [&str; 3] = [READY, CHANGED, CANCELLED];

struct Wanted {
    /// By channel, in the order of [`CHANNELS`].
    flags: [AtomicBool; CHANNELS.len()],
    pace: Mutex<Pace>,
    any: Notify,
    workers: AtomicU32,
}

/// From when on hints may be sent.
struct Pace {
    /// By channel, in the order of [`CHANNELS`].
    due: [Instant; CHANNELS.len()],
    /// With a task's own commit.
    along: Instant,
}

impl Wanted {
    fn new() -> Self {
        let now = Instant::now();
        let pace = Mutex::new(Pace { due: [now; CHANNELS.len()], along: now });
        Self { flags: Default::default(), pace, any: Notify::default(), workers: AtomicU32::default() }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        // Times are whole, whoever held them.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the first of the hints that are wanted may be sent, if any is.
    fn first(&self) -> Option<Instant> {
        let due = self.pace().due;
        self.flags.iter().zip(due).filter(|(flag, _)| flag.load(Relaxed)).map(|(_, at)| at).min()
    }

    /// The channels that hints are wanted on, if one of them may be sent on now; forgets them, and counts them as
    /// sent. Others that are nearly due go with it: what costs is the commit, and who wakes by it.
    fn take(&self, now: Instant) -> Vec<usize> {
        if self.first().is_none_or(|first| first > now) {
            return Vec::new();
        }
        let due = self.pace().due;
        let goes = |place: usize| due[place] <= now + self.spacing(place).min(ALLOWANCE);
        let wanted = |&place: &usize| goes(place) && self.flags[place].swap(false, AcqRel);
        let taken: Vec<_> = (0..CHANNELS.len()).filter(wanted).collect();
        self.sent(&taken, now);
        taken
    }

    fn sent(&self, places: &[usize], now: Instant) {
        let mut pace = self.pace();
        for &place in places {
            pace.due[place] = next(pace.due[place], now, self.spacing(place));
        }
        pace.along = pace.along.max(now + QUIET);
    }

    /// Whether one may go along.
    fn is_quiet(&self, now: Instant) -> bool {
        let pace = self.pace();
        pace.along <= now && ALONG.iter().all(|channel| pace.due[place(channel)] <= now)
    }

    /// Wants them again, after they could not be sent.
    fn want(&self, places: &[usize]) {
        for &place in places {
            self.flags[place].store(true, Release);
        }
        self.any.notify_one();
    }

    fn spacing(&self, place: usize) -> Duration {
        let workers = self.workers.load(Relaxed);
        match CHANNELS[place] {
            CHANGED => SPACING_CHANGED.saturating_mul(workers).clamp(SPACING_CHANGED, SPACING_CHANGED_MAX),
            _ => SPACING_EACH.saturating_mul(workers).clamp(SPACING, SPACING_MAX),
        }
    }
}

/// Asks for hints to be sent. Cheap; clones share one connection.
#[derive(Clone)]
pub(crate) struct Notifier {
    wanted: Option<Arc<Wanted>>,
}

impl Notifier {
    /// One that sends nothing: everything works by polling.
    pub(crate) fn silent() -> Self {
        Self { wanted: None }
    }

    /// Starts the loop that sends, which ends with the last clone of this. A hint that there is work
    /// says up to which number this process knows lanes, so that one in a new lane is found at once.
    pub(crate) fn start(settings: &Settings, lanes: Lanes) -> Self {
        let wanted = Arc::new(Wanted::new());
        // A hint need not wait for the disk.
        let connection = Held::new(settings, Purpose::HotUnwaited);
        tokio::spawn(send(connection, lanes, Arc::downgrade(&wanted)));
        Self { wanted: Some(wanted) }
    }

    /// There is work.
    pub(crate) fn ready(&self) {
        self.want(READY);
    }

    /// Tasks have changed.
    pub(crate) fn changed(&self) {
        self.want(CHANGED);
    }

    /// A running task was cancelled.
    pub(crate) fn cancelled(&self) {
        self.want(CANCELLED);
    }

    /// Whether a hint on [`ALONG`] may go with the commit of a task that comes alone.
    pub(crate) fn may_go_along(&self) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| wanted.is_quiet(Instant::now()))
    }

    /// Notes that one went along.
    pub(crate) fn went_along(&self) {
        if let Some(wanted) = &self.wanted {
            wanted.sent(&ALONG.map(place), Instant::now());
        }
    }

    /// Notes that one was refused.
    pub(crate) fn did_not_go_along(&self) {
        if let Some(wanted) = &self.wanted {
            wanted.pace().along = Instant::now() + REFUSED;
        }
    }

    /// Notes how many workers listen.
    pub(crate) fn set_workers(&self, workers: u32) {
        if let Some(wanted) = &self.wanted {
            wanted.workers.store(workers, Relaxed);
        }
    }

    fn want(&self, channel: &str) {
        if let Some(wanted) = &self.wanted
            && !wanted.flags[place(channel)].swap(true, AcqRel)
        {
            wanted.any.notify_one();
        }
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.any.notify_one();
    }
}

async fn send(mut connection: Held, lanes: Lanes, wanted: std::sync::Weak<Wanted>) {
    /// How often the loop looks whether anyone is left who could ask.
    const LOOK: Duration = Duration::from_secs(1);
    loop {
        let Some(shared) = wanted.upgrade() else { break };
        // Ends without a hint now and then, so that this loop does not keep itself alive.
        let until = shared.first().unwrap_or_else(|| Instant::now() + LOOK);
        let _ = tokio::time::timeout_at(until, shared.any.notified()).await;
        let taken = shared.take(Instant::now());
        drop(shared);
        if taken.is_empty() {
            continue;
        }
        if let Err(error) = notify(&mut connection, &taken, &lanes).await {
            tracing::debug!(%error, "a notification was not sent; polling will do meanwhile");
            // Others may fare the same, and what is heard here is then not all there is.
            lanes.set_hearing(false);
            let Some(shared) = wanted.upgrade() else { break };
            shared.want(&taken);
            tokio::time::sleep(FAILED.mul_f64(rand::random())).await;
        }
    }
    connection.close().await;
}

/// A channel's place in [`CHANNELS`].
fn place(channel: &str) -> usize {
    CHANNELS.iter().position(|c| *c == channel).expect("hints are sent on these alone")
}

/// When the next hint is due, after one that was due at `due` and is sent now.
fn next(due: Instant, now: Instant, spacing: Duration) -> Instant {
    due.max(now - ALLOWANCE) + spacing
}

async fn notify(connection: &mut Held, places: &[usize], lanes: &Lanes) -> task_domain::ports::Result<()> {
    let channels: Vec<_> = places.iter().map(|&place| CHANNELS[place]).collect();
    let mut open = connection.take().await?;
    let statement = sqlx::query("select pg_notify(channel, $2) from unnest($1::text[]) as n(channel)")
        .bind(channels)
        .bind(lanes.newest().to_string());
    let answer = answered(ANSWER, statement.execute(&mut open)).await;
    connection.done(open, answer.map(drop)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanting(channels: &[&str], due: [Instant; 3]) -> Wanted {
        let wanted = Wanted::new();
        for (flag, channel) in wanted.flags.iter().zip(CHANNELS) {
            flag.store(channels.contains(&channel), Relaxed);
        }
        wanted.pace().due = due;
        wanted
    }

    #[test]
    fn hints_are_spaced_by_who_hears_and_who_sends_them() {
        let wanted = Wanted::new();
        let of_each = |workers| {
            wanted.workers.store(workers, Relaxed);
            [0, 1, 2].map(|place| wanted.spacing(place).as_millis())
        };
        assert_eq!(of_each(0), [2, 5, 2]);
        assert_eq!(of_each(1), [2, 5, 2]);
        assert_eq!(of_each(100), [100, 500, 100]);
        assert_eq!(of_each(1_000), [500, 1_000, 500]);
        assert_eq!(of_each(1_000_000), [500, 1_000, 500]);
    }

    #[test]
    fn hints_after_a_pause_may_come_together_and_no_more_of_them() {
        let sent_at_once = |spacing| {
            let mut due = Instant::now();
            let now = due + Duration::from_mins(1);
            let mut sent = 0;
            while due <= now {
                due = next(due, now, spacing);
                sent += 1;
            }
            // From then on one for each pause.
            let again = next(due, due, spacing);
            assert_eq!(again - due, spacing);
            sent
        };
        assert_eq!(sent_at_once(SPACING), 6);
        assert_eq!(sent_at_once(SPACING_CHANGED), 3);
        assert_eq!(sent_at_once(SPACING_MAX), 1);
    }

    #[test]
    fn hints_that_go_along_are_no_more_than_others() {
        let start = Instant::now();
        let wanted = wanting(&[], [start; 3]);
        let mut sent = [0; CHANNELS.len()];
        for tick in 0..10_000_u64 {
            // All are wanted all the time, for a second.
            wanted.flags.iter().for_each(|flag| flag.store(true, Relaxed));
            for place in wanted.take(start + Duration::from_micros(100 * tick)) {
                sent[place] += 1;
            }
        }
        assert_eq!(sent, [500, 201, 500]);
    }

    #[test]
    fn what_is_wanted_goes_along_with_what_is_due() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let wanted = wanting(&[READY, CHANGED], [later, later, now]);
        assert_eq!(wanted.take(now), [0; 0], "nobody wants what is due");
        assert_eq!(wanted.first(), Some(later));
        let soon = now + SPACING_CHANGED;
        wanted.pace().due = [now, soon, now];
        assert_eq!(wanted.take(now), [0, 1]);
        assert_eq!(wanted.pace().due, [now + SPACING, soon + SPACING_CHANGED, now]);
        assert_eq!(wanted.take(later), [0; 0], "it was taken");
        let wanted = wanting(&[READY, CHANGED], [now, later, now]);
        assert_eq!(wanted.take(now), [0], "the other was sent too often of late");
        assert_eq!(wanted.first(), Some(later), "and is still wanted");
    }

    #[test]
    fn a_hint_goes_with_a_commit_only_after_a_while_without() {
        let now = Instant::now() + Duration::from_mins(1);
        let later = now + Duration::from_millis(1);
        assert!(wanting(&[], [now, now, later]).is_quiet(now), "nobody is told of a cancel by it");
        assert!(!wanting(&[], [later, now, now]).is_quiet(now));
        assert!(!wanting(&[], [now, later, now]).is_quiet(now));

        let wanted = wanting(&[CANCELLED], [now; 3]);
        assert_eq!(wanted.take(now), [2]);
        assert!(!wanted.is_quiet(now + QUIET / 2), "any hint takes the lock");
        assert!(wanted.is_quiet(now + QUIET));

        // In a second of nothing else, and none is put off by it that follows.
        let wanted = wanting(&[], [now - ALLOWANCE; 3]);
        let along = (0..1_000).map(|n| now + Duration::from_millis(n)).filter(|&at| {
            let is_quiet = wanted.is_quiet(at);
            if is_quiet {
                wanted.sent(&ALONG.map(place), at);
                assert!(wanted.pace().due[place(READY)] <= at);
            }
            is_quiet
        });
        assert_eq!(along.count(), 40);
    }
}
