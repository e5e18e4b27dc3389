//! Faults drawn ahead of a run, so that the same seed hurts the same way.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// One fault: how long to wait before it, whom it meets, how long it lasts, and which kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fault {
    /// Pause since the fault before.
    pub(crate) pause: Duration,
    /// Which of several targets.
    pub(crate) target: usize,
    /// How long it lasts.
    pub(crate) length: Duration,
    /// Which of several kinds.
    pub(crate) kind: usize,
}

/// What faults are drawn from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranges {
    /// Shortest and longest pause, in milliseconds.
    pub(crate) pause: (u64, u64),
    /// Number of targets.
    pub(crate) targets: usize,
    /// Shortest and longest length, in milliseconds.
    pub(crate) length: (u64, u64),
    /// Number of kinds; they take turns, so that a few rounds meet all.
    pub(crate) kinds: usize,
}

/// The numbers of a case: those of the seed, and different for each case and use.
pub(crate) fn random(seed: u64, what: &str) -> StdRng {
    let mut hash = DefaultHasher::new();
    (seed, what).hash(&mut hash);
    StdRng::seed_from_u64(hash.finish())
}

/// Draws so many faults.
pub(crate) fn draw(random: &mut StdRng, rounds: u32, ranges: Ranges) -> Vec<Fault> {
    let between = |random: &mut StdRng, (from, to): (u64, u64)| {
        Duration::from_millis(random.random_range(from..=to.max(from)))
    };
    (0..rounds)
        .map(|round| Fault {
            pause: between(random, ranges.pause),
            target: random.random_range(0..ranges.targets.max(1)),
            length: between(random, ranges.length),
            kind: round as usize % ranges.kinds.max(1),
        })
        .collect()
}

/// Tells two schedules apart, for the report.
pub(crate) fn fingerprint(faults: &[Fault]) -> String {
    let mut hash = DefaultHasher::new();
    faults.hash(&mut hash);
    format!("{:016x}", hash.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGES: Ranges = Ranges { pause: (10, 500), targets: 5, length: (1, 9), kinds: 3 };

    #[test]
    fn the_same_seed_draws_the_same_faults_and_another_does_not() {
        let drawn = |seed, what| draw(&mut random(seed, what), 20, RANGES);
        assert_eq!(drawn(1, "F1"), drawn(1, "F1"));
        assert_eq!(fingerprint(&drawn(1, "F1")), fingerprint(&drawn(1, "F1")));
        assert_ne!(drawn(1, "F1"), drawn(2, "F1"));
        assert_ne!(drawn(1, "F1"), drawn(1, "F3"));
        assert_ne!(fingerprint(&drawn(1, "F1")), fingerprint(&drawn(2, "F1")));
    }

    #[test]
    fn every_kind_comes_up() {
        let kinds: Vec<_> = draw(&mut random(1, "F7"), 6, RANGES).iter().map(|f| f.kind).collect();
        assert_eq!(kinds, [0, 1, 2, 0, 1, 2]);
    }
}
