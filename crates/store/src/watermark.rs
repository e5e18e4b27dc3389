//! Where in each lane the next claim starts to look.
//!
//! A claim that always began at a lane's start would walk over the index entries of all that was
//! claimed before it, which vacuum cannot remove while any session holds an old snapshot. So each
//! lane has a lower bound. Places are times, of creation or of being put back; they are not committed
//! in order, so the bound must not run ahead of what may still appear below it:
//! - while there is a backlog, it is the last place claimed: what appears below waits a little;
//! - when a claim found less than it asked for, it is the last place as of [`LAG`] ago, so that
//!   late commits are found at once;
//! - and now and then the whole lane is looked through, no more than a small share of the time. What
//!   is found there takes the bound down with it: after a failover the clock may stand lower.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// How long a submitter may take from its transaction's start to its commit and still be found at once.
const LAG: Duration = Duration::from_millis(500);
/// Least time between two looks through a whole lane.
const BOTTOM: Duration = Duration::from_secs(2);
/// A look through whole lanes that finds little and takes so long walks over what others claimed.
const SLOW: Duration = Duration::from_millis(5);
/// A look through a whole lane may take one part in so many of the time.
const BOTTOM_SHARE: u32 = 50;

/// The lower bounds of one worker's lanes.
pub(crate) struct Watermarks {
    marks: HashMap<i32, Mark>,
    /// Whether the last claim got all it asked for.
    backlog: bool,
    /// When `Mark::next` was taken.
    taken_at: Instant,
    /// When to look through the whole lanes again.
    bottom_at: Instant,
    /// Whether the last look through the whole lanes found little and took long: then the lanes
    /// are full of what others claimed before.
    slow_bottom: bool,
}

#[derive(Clone, Copy, Default)]
struct Mark {
    /// The last place claimed.
    last: Place,
    /// The same, at least [`LAG`] ago.
    lagged: Place,
    /// The same, as of `Watermarks::taken_at`: becomes `lagged` once that is long enough ago.
    next: Place,
}

/// A place in line: a time by the database's clock, then a task's id. The default is before all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) at: Timestamp,
    pub(crate) task: i64,
}

/// Where the next claim starts.
pub(crate) struct Start {
    /// For each lane asked for, the place after which to look.
    pub(crate) after: Vec<Place>,
    /// Whether this is a look through the whole lanes.
    pub(crate) bottom: bool,
}

/// What a claim came to.
pub(crate) struct Took {
    /// Whether it got all it asked for.
    pub(crate) full: bool,
    /// Whether it was a look through the whole lanes.
    pub(crate) bottom: bool,
    /// How long it took.
    pub(crate) time: Duration,
    /// The database's time before it, where that was asked for.
    pub(crate) settled: Option<Timestamp>,
}

impl Watermarks {
    pub(crate) fn new(now: Instant) -> Self {
        Self { marks: HashMap::new(), backlog: false, taken_at: now, bottom_at: now, slow_bottom: false }
    }

    /// Where to look next in these lanes.
    pub(crate) fn start(&mut self, lanes: impl Iterator<Item = i32>, now: Instant) -> Start {
        let bottom = now >= self.bottom_at;
        let backlog = self.backlog;
        let after = |lane| {
            let mark = *self.marks.entry(lane).or_default();
            match (bottom, backlog) {
                (true, _) => Place::default(),
                (false, true) => mark.last,
                (false, false) => mark.lagged,
            }
        };
        Start { after: lanes.map(after).collect(), bottom }
    }

    /// Whether the next look should know the database's time before it: it is one through whole
    /// lanes, and the last such look was slow.
    pub(crate) fn wants_settled(&self, now: Instant) -> bool {
        self.slow_bottom && now >= self.bottom_at
    }

    /// Notes a claim that failed.
    pub(crate) fn failed(&mut self, start: &Start, now: Instant) {
        if start.bottom {
            self.bottom_at = now + BOTTOM;
            self.slow_bottom = true;
        }
    }

    /// Notes the places that a claim got, by lane.
    pub(crate) fn claimed(&mut self, places: impl Iterator<Item = (i32, Place)>, took: &Took, now: Instant) {
        if now.duration_since(self.taken_at) >= LAG {
            for mark in self.marks.values_mut() {
                mark.lagged = mark.next;
                mark.next = mark.last;
            }
            self.taken_at = now;
        }
        let mut claimed = HashMap::new();
        for (lane, place) in places {
            let last: &mut Place = claimed.entry(lane).or_default();
            *last = place.max(*last);
        }
        for (lane, last) in claimed {
            let mark = self.marks.entry(lane).or_default();
            mark.last = if took.bottom { last } else { last.max(mark.last) };
        }
        self.backlog = took.full;
        if let (Some(settled), false) = (took.settled, took.full) {
            // Nothing is left below, but for what is committed late: as if it had been claimed here.
            for mark in self.marks.values_mut() {
                mark.last = mark.last.max(Place { at: settled, task: 0 });
            }
        }
        if took.bottom {
            self.slow_bottom = !took.full && took.time >= SLOW;
            self.bottom_at = now + BOTTOM.max(took.time * BOTTOM_SHARE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: i32 = 7;

    fn place(second: i64) -> Place {
        Place { at: at(second), task: 1 }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The second of the place after which to look.
    fn after(marks: &mut Watermarks, now: Instant) -> i64 {
        marks.start([LANE].into_iter(), now).after[0].at.as_second()
    }

    fn claim(marks: &mut Watermarks, second: i64, full: bool, now: Instant) {
        let start = marks.start([LANE].into_iter(), now);
        let took = Took { full, bottom: start.bottom, time: Duration::from_millis(1), settled: None };
        marks.claimed([(LANE, place(second))].into_iter(), &took, now);
    }

    #[test]
    fn a_backlog_is_walked_once() {
        let start = Instant::now();
        let mut marks = Watermarks::new(start);
        assert_eq!(after(&mut marks, start), 0);
        claim(&mut marks, 500, true, start);
        assert_eq!(after(&mut marks, start), 500);
        claim(&mut marks, 900, true, start);
        assert_eq!(after(&mut marks, start), 900);
    }

    #[test]
    fn without_a_backlog_late_commits_are_found_at_once() {
        let start = Instant::now();
        let mut marks = Watermarks::new(start);
        claim(&mut marks, 500, false, start);
        let soon = start + LAG / 2;
        assert_eq!(after(&mut marks, soon), 0, "a place below 500 may still be committed");
        claim(&mut marks, 501, false, start + LAG);
        assert!(after(&mut marks, start + LAG) < 500);
        claim(&mut marks, 502, false, start + LAG * 2);
        assert_eq!(after(&mut marks, start + LAG * 2), 500, "what was claimed a whole lag ago is settled");
    }

    #[test]
    fn the_whole_lane_is_looked_through_now_and_then() {
        let start = Instant::now();
        let mut marks = Watermarks::new(start);
        claim(&mut marks, 500, true, start);
        assert_eq!(after(&mut marks, start + BOTTOM), 0);
        claim(&mut marks, 600, true, start + BOTTOM);
        assert_eq!(after(&mut marks, start + BOTTOM), 600);
    }

    #[test]
    fn a_look_through_the_whole_lane_brings_the_bound_down_again() {
        let start = Instant::now();
        let mut marks = Watermarks::new(start);
        claim(&mut marks, 900, true, start);
        claim(&mut marks, 900, true, start + BOTTOM);
        // Another database took over, whose clock stands lower.
        claim(&mut marks, 700, true, start + BOTTOM * 2);
        assert_eq!(after(&mut marks, start + BOTTOM * 2), 700);
        claim(&mut marks, 701, false, start + BOTTOM * 2 + LAG);
        claim(&mut marks, 702, false, start + BOTTOM * 2 + LAG * 2);
        assert!(after(&mut marks, start + BOTTOM * 2 + LAG * 2) <= 701);
    }

    #[test]
    fn a_slow_look_is_repeated_less_often() {
        let start = Instant::now();
        let mut marks = Watermarks::new(start);
        let took = Took { full: true, bottom: true, time: Duration::from_secs(1), settled: None };
        marks.claimed([(LANE, place(5))].into_iter(), &took, start);
        assert_eq!(after(&mut marks, start + Duration::from_secs(49)), 5);
        assert_eq!(after(&mut marks, start + Duration::from_secs(50)), 0);
    }

    #[test]
    fn a_lane_that_others_emptied_is_walked_once_and_then_passed() {
        let start = Instant::now();
        let mut marks = Watermarks::new(start);
        let look = |marks: &mut Watermarks, now| {
            let settled = marks.wants_settled(now).then(|| at(1_000));
            let begin = marks.start([LANE].into_iter(), now);
            let took = Took { full: false, bottom: begin.bottom, time: Duration::from_millis(20), settled };
            marks.claimed(std::iter::empty(), &took, now);
            settled
        };
        assert_eq!(look(&mut marks, start), None);
        assert_eq!(look(&mut marks, start + BOTTOM), Some(at(1_000)));
        // Only once a whole lag has gone by is it sure that nothing below is still uncommitted.
        assert_eq!(after(&mut marks, start + BOTTOM + LAG / 2), 0);
        look(&mut marks, start + BOTTOM + LAG);
        look(&mut marks, start + BOTTOM + LAG * 2);
        assert_eq!(after(&mut marks, start + BOTTOM + LAG * 2), 1_000);
    }
}
