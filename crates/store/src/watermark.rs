//! Where in each lane the next claim starts to look.
//!
//! A claim that always began at a lane's start would walk over the index entries of all that was
//! claimed before it, which vacuum cannot remove while any session holds an old snapshot. So each
//! lane has a lower bound, and what was claimed is not walked over again.
//!
//! Places in line are times, but they are not committed in their order: a submitter's place is the
//! start of its transaction. So a look reaches back behind the bound wherever that is younger than
//! what a commit may take, counted from the look before it: what was committed meanwhile has a place
//! no older than that. How far is graded: every look reaches back a little, and every so often, at a
//! pace in keeping, one reaches back further. So a place that is committed late is found about as late
//! again, and no claimed entry is walked over more than a few times. Where one look finds a place far
//! back, the next reaches further at once: after a disk stood still, all that waited is committed
//! together, and the oldest of it lies behind what was found.
//!
//! What other claims hold locked is walked over as well, and to try for a lock costs several times as much as
//! to see that somebody was there. So looks try for what was locked long ago, as that may have been undone,
//! and pass over what was locked since the last look that tried for all.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// How far looks reach back behind the look before them. Every one reaches as far as the first; the
/// others are due again after as long as they reach. No statement takes longer than the last: what is
/// older is committed or gone.
const REACHES: [Duration; 4] = [
    Duration::from_millis(150),
    Duration::from_millis(600),
    Duration::from_millis(2_500),
    Duration::from_secs(12),
];
/// Least time between two looks through a whole lane: for what no reasoning foresees, such as a claim
/// that was undone.
const WHOLE: Duration = Duration::from_secs(30);
/// Looks through whole lanes may take one part in so many of the time.
const SHARE: u32 = 50;

/// A place in line: a time by the database's clock, then a task's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) at: Timestamp,
    pub(crate) task: i64,
}

impl Place {
    /// Before all others.
    const FIRST: Self = Self { at: Timestamp::UNIX_EPOCH, task: 0 };
    /// Behind all others: nothing was left.
    const LAST: Self = Self { at: Timestamp::MAX, task: i64::MAX };
}

/// The lower bounds of one worker's lanes.
pub(crate) struct Watermarks {
    bounds: HashMap<i32, Place>,
    /// When the newest look that reached as far back as [`REACHES`] says began, of those that were
    /// answered.
    looked: [Instant; REACHES.len()],
    /// When to look again as far back.
    due: [Instant; REACHES.len()],
    /// When to look again through whole lanes.
    whole_due: Instant,
    /// The first transaction whose locks are not tried; if there is none, all are.
    locked_since: Option<i64>,
}

/// Where the next claim starts.
#[derive(Debug)]
pub(crate) struct Start {
    /// For each lane asked for, the place after which to look.
    pub(crate) after: Vec<Place>,
    /// How far back to look in any case, from the database's present.
    pub(crate) reach: Duration,
    /// What this transaction or a later one has locked is passed over without a try; if there is none, all
    /// are tried.
    pub(crate) locked_since: Option<i64>,
    kind: Kind,
}

/// What a look came to.
#[derive(Default)]
pub(crate) struct Seen {
    /// The places that it got, each with its lane.
    pub(crate) places: Vec<(i32, Place)>,
    /// Whether that was all it asked for.
    pub(crate) full: bool,
    /// When it looked, by the database's clock.
    pub(crate) at: Option<Timestamp>,
    /// The transaction that was to come next, if all were tried.
    pub(crate) next: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Whole,
    /// The place in [`REACHES`].
    Reach(usize),
}

impl Watermarks {
    pub(crate) fn new(now: Instant) -> Self {
        let each = [now; REACHES.len()];
        Self { bounds: HashMap::new(), looked: each, due: each, whole_due: now, locked_since: None }
    }

    /// Where to look next in these lanes.
    pub(crate) fn start(&self, lanes: impl Iterator<Item = i32>, now: Instant) -> Start {
        let reach = (1..REACHES.len()).rev().find(|&k| now >= self.due[k]).unwrap_or(0);
        let kind = if now >= self.whole_due { Kind::Whole } else { Kind::Reach(reach) };
        let after = |lane| match kind {
            Kind::Whole => Place::FIRST,
            // A lane that is met for the first time is looked through from its start.
            Kind::Reach(_) => self.bounds.get(&lane).copied().unwrap_or(Place::FIRST),
        };
        let reach = REACHES[reach] + now.saturating_duration_since(self.looked[reach]);
        let locked_since = if kind == Kind::Whole { None } else { self.locked_since };
        Start { after: lanes.map(after).collect(), reach, locked_since, kind }
    }

    /// Notes what a look in `lanes` came to that began at `began`.
    pub(crate) fn claimed(
        &mut self,
        start: &Start,
        lanes: impl Iterator<Item = i32>,
        seen: Seen,
        began: Instant,
        now: Instant,
    ) {
        let reached = self.pace(start.kind, began, now);
        self.looked[..=reached].fill(began);
        if start.locked_since.is_none() {
            self.locked_since = seen.next;
        }
        if self.is_far_back(start, &seen)
            && let Some(due) = self.due.get_mut(reached + 1)
        {
            *due = now;
        }
        if !seen.full {
            // Nothing is left in any of them.
            self.bounds.extend(lanes.map(|lane| (lane, Place::LAST)));
            return;
        }
        let mut last = HashMap::new();
        for (lane, place) in seen.places {
            let of_lane: &mut Place = last.entry(lane).or_insert(place);
            *of_lane = place.max(*of_lane);
        }
        // Down as well as up: behind it there may be more of what was committed late.
        self.bounds.extend(last);
    }

    /// Whether a place was found behind its lane's bound, and in the older half of the reach: it was committed
    /// so late that others may lie beyond.
    fn is_far_back(&self, start: &Start, seen: &Seen) -> bool {
        let (Kind::Reach(reach), Some(at)) = (start.kind, seen.at) else { return false };
        let half = at - start.reach + REACHES[reach] / 2;
        let late = |&(lane, place): &(i32, Place)| {
            place.at < half && self.bounds.get(&lane).is_some_and(|bound| place < *bound)
        };
        seen.places.iter().any(late)
    }

    /// Notes a look that failed.
    pub(crate) fn failed(&mut self, start: &Start, began: Instant, now: Instant) {
        self.undone();
        self.pace(start.kind, began, now);
    }

    /// Notes that a claim failed: what it had locked is free again.
    pub(crate) fn undone(&mut self) {
        self.locked_since = None;
    }

    /// Says when to look as far again. Returns how far that was, as a place in [`REACHES`].
    fn pace(&mut self, kind: Kind, began: Instant, now: Instant) -> usize {
        let reached = match kind {
            Kind::Whole => {
                self.whole_due = now + WHOLE.max((now - began) * SHARE);
                REACHES.len() - 1
            }
            Kind::Reach(reach) => reach,
        };
        for (due, reach) in self.due[..=reached].iter_mut().zip(REACHES) {
            *due = now + reach;
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: i32 = 7;
    const TICK: Duration = Duration::from_millis(1);

    fn place(second: i64) -> Place {
        Place { at: Timestamp::from_second(second).unwrap(), task: 1 }
    }

    /// Looks at `now`; gets one place, or nothing. Returns where it looked.
    fn look(marks: &mut Watermarks, now: Instant, got: Option<i64>, full: bool) -> (Place, Duration) {
        look_for(marks, now, TICK, got, full)
    }

    fn look_for(
        marks: &mut Watermarks,
        now: Instant,
        took: Duration,
        got: Option<i64>,
        full: bool,
    ) -> (Place, Duration) {
        let start = marks.start([LANE].into_iter(), now);
        let places = got.map(|second| (LANE, place(second))).into_iter().collect();
        marks.claimed(&start, [LANE].into_iter(), Seen { places, full, ..Seen::default() }, now, now + took);
        (start.after[0], start.reach)
    }

    #[test]
    fn a_backlog_is_walked_once() {
        let now = Instant::now();
        let mut marks = Watermarks::new(now);
        assert_eq!(look(&mut marks, now, Some(500), true).0, Place::FIRST);
        assert_eq!(look(&mut marks, now + TICK, Some(900), true).0, place(500));
        assert_eq!(look(&mut marks, now + TICK * 2, Some(901), true).0, place(900));
    }

    #[test]
    fn an_empty_lane_is_looked_at_only_as_far_back_as_commits_may_be_late() {
        let now = Instant::now();
        let mut marks = Watermarks::new(now);
        look(&mut marks, now, None, false);
        assert_eq!(look(&mut marks, now + TICK, None, false), (Place::LAST, REACHES[0] + TICK));
        // The longer since the last look that far, the further back.
        let mut at = now + TICK;
        let mut looked = [at; REACHES.len()];
        looked[1..].fill(now);
        for (reach, next) in [(1, 0), (2, 1), (3, 2)] {
            for (pause, reach) in [(REACHES[reach], reach), (TICK, 0), (REACHES[next], next)] {
                at += pause + TICK;
                let since = at - looked[reach];
                assert_eq!(look(&mut marks, at, None, false).1, REACHES[reach] + since, "{reach}");
                looked[..=reach].fill(at);
            }
        }
    }

    #[test]
    fn what_was_committed_since_the_last_look_is_not_missed_however_long_ago_that_was() {
        let now = Instant::now();
        let mut marks = Watermarks::new(now);
        // One that took long.
        look_for(&mut marks, now, Duration::from_secs(2), None, false);
        let next = now + Duration::from_secs(2) + TICK;
        let start = marks.start([LANE].into_iter(), next);
        assert_eq!(start.reach, REACHES[0] + Duration::from_secs(2) + TICK);
        // A look that failed has seen nothing.
        marks.failed(&start, next, next + TICK);
        let start = marks.start([LANE].into_iter(), next + TICK);
        assert_eq!(start.reach, REACHES[0] + Duration::from_secs(2) + TICK * 2);
    }

    #[test]
    fn slow_claims_do_not_put_off_looks_further_back() {
        let now = Instant::now();
        let mut marks = Watermarks::new(now);
        look(&mut marks, now, None, false);
        let began = now + REACHES[1] + TICK;
        let took = Duration::from_millis(336);
        assert_eq!(look_for(&mut marks, began, took, None, false).1, REACHES[1] * 2 + TICK);
        // Counted from its end; until then looks reach back as little as ever.
        let ended = began + took;
        assert_eq!(look(&mut marks, ended, None, false).1, REACHES[0] + took);
        assert_eq!(look(&mut marks, ended + REACHES[1], None, false).1, REACHES[1] * 2 + took);
    }

    /// The reach of the look after one that got a place committed so late, `late` before the look before it.
    fn reach_after(late: Duration, bound: Option<i64>) -> Duration {
        let now = Instant::now();
        let mut marks = Watermarks::new(now);
        look(&mut marks, now, bound, bound.is_some());
        let now = now + TICK * 10;
        let start = marks.start([LANE].into_iter(), now);
        let at = Timestamp::from_second(1_000_000).unwrap();
        let found = Place { at: at - TICK * 10 - late, task: 1 };
        let seen = Seen { places: vec![(LANE, found)], full: true, at: Some(at), next: None };
        marks.claimed(&start, [LANE].into_iter(), seen, now, now);
        marks.start([LANE].into_iter(), now).reach
    }

    #[test]
    fn a_look_that_found_a_place_far_back_is_followed_by_one_that_reaches_further() {
        let half = REACHES[0] / 2;
        assert_eq!(reach_after(half, None), REACHES[0]);
        assert_eq!(reach_after(half + TICK, None), REACHES[1] + TICK * 10);
        // What is merely old, as it waited in line, was not committed late.
        assert_eq!(reach_after(half + TICK, Some(5)), REACHES[0]);
    }

    #[test]
    fn whole_lanes_are_looked_through_now_and_then_and_may_bring_the_bound_down() {
        let now = Instant::now();
        let mut marks = Watermarks::new(now);
        look(&mut marks, now, Some(500), true);
        assert_eq!(look(&mut marks, now + WHOLE + TICK, Some(300), true).0, Place::FIRST);
        assert_eq!(look(&mut marks, now + WHOLE + TICK * 2, Some(600), true).0, place(300));
    }

    #[test]
    fn what_was_locked_since_all_was_tried_is_passed_over() {
        let now = Instant::now();
        let mut marks = Watermarks::new(now);
        let mut seen = 0;
        let mut look = |marks: &mut Watermarks, now| {
            let start = marks.start([LANE].into_iter(), now);
            seen += 100;
            let seen = Seen { next: Some(seen), ..Seen::default() };
            marks.claimed(&start, [LANE].into_iter(), seen, now, now);
            start.locked_since
        };
        assert_eq!(look(&mut marks, now), None);
        assert_eq!(look(&mut marks, now + TICK), Some(100));
        assert_eq!(look(&mut marks, now + TICK), Some(100));
        // A look through the whole lane tries all.
        assert_eq!(look(&mut marks, now + WHOLE + TICK), None);
        assert_eq!(look(&mut marks, now + WHOLE + TICK), Some(400));
        // So does the one after a look that was undone.
        let start = marks.start([LANE].into_iter(), now + WHOLE + TICK);
        marks.failed(&start, now, now);
        assert_eq!(look(&mut marks, now + WHOLE + TICK), None);
        assert_eq!(look(&mut marks, now + WHOLE + TICK), Some(600));
    }

    #[test]
    fn slow_looks_through_whole_lanes_are_repeated_less_often() {
        let now = Instant::now();
        let mut marks = Watermarks::new(now);
        look_for(&mut marks, now, Duration::from_secs(2), Some(5), true);
        let until = now + Duration::from_secs(2) * (1 + SHARE);
        assert_eq!(look(&mut marks, until - TICK, Some(6), true).0, place(5));
        assert_eq!(look(&mut marks, until, Some(6), true).0, Place::FIRST);
    }

    #[test]
    fn a_lane_is_looked_through_when_it_is_first_met() {
        let now = Instant::now();
        let mut marks = Watermarks::new(now);
        look(&mut marks, now, None, false);
        assert_eq!(marks.start([LANE + 1].into_iter(), now + TICK).after, [Place::FIRST]);
    }
}
