//! How much of each case.

use std::time::Duration;

use crate::Programs;

/// How large a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scale {
    /// Seconds for each case; `make test` runs all but F4, F10 and F11.
    Small,
    /// What the promises speak of: more than an hour in all.
    Full,
}

/// How much of each case, and from which seed.
#[derive(Clone, Debug)]
pub struct Options {
    /// How large the cases are.
    pub scale: Scale,
    /// Draws tasks and faults; the same seed draws the same ones.
    pub seed: u64,
    /// Rounds of faults, in place of what the scale says.
    pub rounds: Option<u32>,
    /// Seconds under load, in place of what the scale says; for cases that have no rounds.
    pub seconds: Option<u64>,
    /// Cases that run side by side: it stands in the report, since times are longer then.
    pub jobs: u8,
    /// The binaries under test.
    pub programs: Programs,
}

impl Options {
    /// One of two values, by the scale.
    pub(crate) fn pick<T>(&self, small: T, full: T) -> T {
        match self.scale {
            Scale::Small => small,
            Scale::Full => full,
        }
    }

    /// Rounds of faults.
    pub(crate) fn rounds(&self, small: u32, full: u32) -> u32 {
        self.rounds.unwrap_or(self.pick(small, full)).max(1)
    }

    /// Time under load.
    pub(crate) fn time(&self, small: u64, full: u64) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(self.pick(small, full)).max(1))
    }
}
