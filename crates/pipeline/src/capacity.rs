//! How much a worker may hold: pressure from the end of the chain back to the claim.
//!
//! Tasks that take long get exactly the free slots, so that none waits here while another worker
//! is free. Tasks that end in microseconds would then be claimed a few at a time, at the price of
//! a statement each; for them the worker claims ahead, as far as its recent rate says that they
//! will start within [`AHEAD`]. Where that guess was wrong, they are given back and the worker claims
//! nothing ahead until quick tasks end again.

use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a task that was claimed ahead may expect to wait for its slot.
const AHEAD: Duration = Duration::from_millis(30);
/// The same where tasks end within [`TINY`]: several workers that share what there is each run at a part of the
/// rate, and small claims would then cost them a good part of it.
const AHEAD_TINY: Duration = Duration::from_millis(200);
/// A task that takes longer than this costs its claim little, however small that is.
const TINY: Duration = Duration::from_millis(1);
/// Most tasks claimed ahead: a claim is on its way while those of the last one are started.
const AHEAD_MAX: usize = 2 * CLAIM_MAX;
/// Most tasks in one claim.
const CLAIM_MAX: usize = 1_000;
/// Most outcomes that wait to be written before claims pause.
const UNRECORDED_MAX: usize = 10_000;
/// Most bytes of outcomes that wait to be written before claims pause.
const UNRECORDED_BYTES_MAX: usize = 64 << 20;
/// The rate is measured anew after so long.
const WINDOW: Duration = Duration::from_millis(10);

/// Counts what a worker holds, and says how much more it may claim.
#[derive(Clone, Debug)]
pub struct Capacity {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    slots: usize,
    /// Claimed and not yet ended.
    in_hand: AtomicUsize,
    /// Ended and not yet recorded.
    unrecorded: AtomicUsize,
    /// What these outcomes carry.
    unrecorded_bytes: AtomicUsize,
    /// How many may be claimed ahead just now.
    ahead: AtomicUsize,
    pace: Mutex<Pace>,
    freed: Notify,
}

#[derive(Debug)]
struct Pace {
    since: Instant,
    ended: u32,
    ran: Duration,
}

impl Pace {
    fn new() -> Self {
        Self { since: Instant::now(), ended: 0, ran: Duration::ZERO }
    }
}

impl Capacity {
    /// For a worker that runs `slots` tasks at a time.
    pub fn new(slots: usize) -> Self {
        let shared = Shared {
            slots,
            in_hand: AtomicUsize::new(0),
            unrecorded: AtomicUsize::new(0),
            unrecorded_bytes: AtomicUsize::new(0),
            ahead: AtomicUsize::new(0),
            pace: Mutex::new(Pace::new()),
            freed: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// How many tasks run at a time.
    pub fn slots(&self) -> usize {
        self.shared.slots
    }

    /// How many tasks were claimed and have not ended.
    pub fn in_hand(&self) -> usize {
        self.shared.in_hand.load(Acquire)
    }

    /// How many tasks may be claimed now.
    pub fn room(&self) -> usize {
        let shared = &self.shared;
        if shared.unrecorded.load(Acquire) >= UNRECORDED_MAX
            || shared.unrecorded_bytes.load(Acquire) > UNRECORDED_BYTES_MAX
        {
            return 0;
        }
        let allowed = shared.slots + shared.ahead.load(Acquire);
        allowed.saturating_sub(shared.in_hand.load(Acquire)).min(CLAIM_MAX)
    }

    /// Waits until a claim is worth its statement, and says how many tasks it may take.
    ///
    /// # Cancel safety
    /// Safe: it only looks.
    pub async fn until_room(&self) -> usize {
        loop {
            let freed = self.shared.freed.notified();
            let room = self.room();
            // When there is a stock in hand, let half of it go first: larger claims cost less.
            if room > 0 && room >= self.shared.ahead.load(Acquire) / 2 {
                return room;
            }
            freed.await;
        }
    }

    /// Notes tasks that were claimed.
    pub fn claimed(&self, tasks: usize) {
        self.shared.in_hand.fetch_add(tasks, AcqRel);
    }

    /// Notes attempts that ended, and how long their plugins ran in all.
    pub fn ended(&self, attempts: usize, ran: Duration) {
        if attempts > 0 {
            self.measure(attempts, ran);
            self.free(attempts);
        }
    }

    /// Notes attempts that ended without having started. They say nothing about how long tasks
    /// take, so they are left out of the rate.
    pub fn not_started(&self, attempts: usize) {
        if attempts > 0 {
            self.free(attempts);
        }
    }

    fn free(&self, attempts: usize) {
        self.shared.in_hand.fetch_sub(attempts, AcqRel);
        self.shared.freed.notify_one();
    }

    /// Notes that what was claimed ahead does not get to start: nothing more is claimed ahead until
    /// the rate, measured from now on, allows it again.
    pub fn stalled(&self) {
        let mut pace = self.pace();
        *pace = Pace::new();
        self.shared.ahead.store(0, Release);
    }

    /// Notes outcomes that wait to be written, and how many bytes they carry.
    pub fn unrecorded(&self, outcomes: usize, bytes: usize) {
        self.shared.unrecorded.fetch_add(outcomes, AcqRel);
        self.shared.unrecorded_bytes.fetch_add(bytes, AcqRel);
    }

    /// Notes outcomes that wait no longer, and how many bytes they carried.
    pub fn recorded(&self, outcomes: usize, bytes: usize) {
        self.shared.unrecorded.fetch_sub(outcomes, AcqRel);
        self.shared.unrecorded_bytes.fetch_sub(bytes, AcqRel);
        self.shared.freed.notify_one();
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.shared.pace.lock().expect("no holder of this lock panics")
    }

    fn measure(&self, attempts: usize, ran: Duration) {
        let mut pace = self.pace();
        pace.ended = pace.ended.saturating_add(u32::try_from(attempts).unwrap_or(u32::MAX));
        pace.ran += ran;
        let elapsed = pace.since.elapsed();
        if elapsed >= WINDOW {
            self.shared.ahead.store(ahead(pace.ended, pace.ran, elapsed), Release);
            *pace = Pace::new();
        }
    }
}

/// How many tasks to claim ahead, after `ended` tasks in `elapsed` whose plugins ran for `ran` in
/// all: what the same rate starts within [`AHEAD`] or [`AHEAD_TINY`], and none where a task takes longer than that.
fn ahead(ended: u32, ran: Duration, elapsed: Duration) -> usize {
    let time = match ran.checked_div(ended) {
        Some(mean) if mean <= TINY => AHEAD_TINY,
        Some(mean) if mean <= AHEAD => AHEAD,
        _ => return 0,
    };
    let rate = f64::from(ended) / elapsed.as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and bounded right after"
    )]
    let tasks = (rate * time.as_secs_f64()) as usize;
    tasks.min(AHEAD_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_tasks_get_exactly_the_free_slots() {
        let capacity = Capacity::new(4);
        assert_eq!(capacity.room(), 4);
        capacity.claimed(3);
        assert_eq!(capacity.room(), 1);
        capacity.ended(1, Duration::from_secs(2));
        assert_eq!(capacity.room(), 2);
        assert_eq!(ahead(10, Duration::from_secs(20), Duration::from_secs(1)), 0);
    }

    #[test]
    fn quick_tasks_are_claimed_as_far_as_the_rate_goes() {
        let second = Duration::from_secs(1);
        assert_eq!(ahead(5_000, Duration::from_millis(10), second), 1_000);
        assert_eq!(ahead(5_000, Duration::from_secs(50), second), 150);
        assert_eq!(ahead(1_000_000, second, second), AHEAD_MAX);
        assert_eq!(ahead(0, Duration::ZERO, second), 0);
    }

    #[test]
    fn outcomes_that_cannot_be_written_stop_the_claims() {
        let capacity = Capacity::new(4);
        capacity.unrecorded(UNRECORDED_MAX, 0);
        assert_eq!(capacity.room(), 0);
        capacity.recorded(1, 0);
        assert_eq!(capacity.room(), 4);
    }

    #[test]
    fn few_but_large_outcomes_stop_the_claims_as_well() {
        let capacity = Capacity::new(4);
        capacity.unrecorded(65, 65 << 20);
        assert_eq!(capacity.room(), 0);
        capacity.recorded(1, 1 << 20);
        assert_eq!(capacity.room(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_started_says_nothing_about_the_rate() {
        let capacity = Capacity::new(1);
        capacity.claimed(1_001);
        tokio::time::advance(WINDOW).await;
        for _ in 0..1_000 {
            capacity.not_started(1);
        }
        assert_eq!((capacity.in_hand(), capacity.room()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_ends_the_claims_ahead_until_quick_tasks_end_again() {
        let capacity = Capacity::new(1);
        let quick = async |tasks| {
            capacity.claimed(tasks);
            tokio::time::advance(WINDOW).await;
            (0..tasks).for_each(|_| capacity.ended(1, Duration::ZERO));
        };
        // The first of each burst ends a window; its rate is that of one task.
        for _ in 0..2 {
            quick(100).await;
        }
        assert!(capacity.room() > 100, "{}", capacity.room());
        capacity.stalled();
        assert_eq!(capacity.room(), 1);
        quick(1).await;
        assert!(capacity.room() < 30, "nothing of the time before the stall counts: {}", capacity.room());
        quick(100).await;
        quick(100).await;
        assert!(capacity.room() > 100, "{}", capacity.room());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_room_is_woken_when_a_task_ends_or_does_not_start() {
        let frees: [fn(&Capacity); 2] = [|c| c.ended(1, Duration::from_secs(1)), |c| c.not_started(1)];
        for free in frees {
            let capacity = Capacity::new(1);
            capacity.claimed(1);
            let waiting = tokio::spawn({
                let capacity = capacity.clone();
                async move { capacity.until_room().await }
            });
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
            free(&capacity);
            assert_eq!(waiting.await.unwrap(), 1);
        }
    }
}
