//! What to measure, and how much of it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Measures the service beside what plain SQL reaches on the same Postgres in the same run.
#[derive(Parser, Debug)]
pub(crate) struct Arguments {
    /// Small sizes, one run: five minutes or so
    #[arg(long, conflicts_with = "full")]
    short: bool,
    /// The sizes that the targets speak of: 10 million tasks, 10 minutes; takes about an hour
    #[arg(long)]
    full: bool,
    /// Tasks in each measurement of a rate
    #[arg(long)]
    tasks: Option<u64>,
    /// Runs of each measurement that takes seconds; the middle one counts
    #[arg(long)]
    runs: Option<usize>,
    /// Runs of each measurement that takes minutes
    #[arg(long, default_value_t = 1)]
    long_runs: usize,
    /// Tasks that wait in the large database of line 6
    #[arg(long)]
    waiting: Option<u64>,
    /// Seconds that line 3 holds whole lives for
    #[arg(long)]
    life_seconds: Option<u64>,
    /// Seconds of each run of line 7
    #[arg(long)]
    held_seconds: Option<u64>,
    /// Seconds that server and worker stay idle in line 8
    #[arg(long)]
    idle_seconds: Option<u64>,
    /// Seconds of sparse arrivals in line 4
    #[arg(long)]
    pickup_seconds: Option<u64>,
    /// Watches open in line 9
    #[arg(long)]
    watches: Option<usize>,
    /// Only these sections, such as drain,submit
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where the figures go, as JSON
    #[arg(long, default_value = "target/bench.json")]
    pub(crate) json: PathBuf,
}

/// How much of everything.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Sizes {
    pub(crate) tasks: u64,
    /// Tasks in each measurement of the ceiling.
    pub(crate) ceiling: u64,
    pub(crate) runs: usize,
    pub(crate) long_runs: usize,
    pub(crate) waiting: u64,
    pub(crate) life: Duration,
    pub(crate) held: Duration,
    pub(crate) idle: Duration,
    pub(crate) pickup: Duration,
    pub(crate) watches: usize,
    /// Times that each question of line 6 is asked, unless that takes longer than `asking`.
    pub(crate) asked: usize,
    pub(crate) asking: Duration,
}

impl Arguments {
    pub(crate) fn sizes(&self) -> Sizes {
        let pick = |short, usual, full| {
            if self.short {
                short
            } else if self.full {
                full
            } else {
                usual
            }
        };
        let seconds = |given: Option<u64>, short, usual, full| {
            Duration::from_secs(given.unwrap_or_else(|| pick(short, usual, full)).max(1))
        };
        let tasks = self.tasks.unwrap_or_else(|| pick(60_000, 300_000, 300_000)).max(10_000);
        Sizes {
            tasks,
            // Fewer say more about the start of a session than about its speed.
            ceiling: tasks.max(pick(100_000, 200_000, 200_000)),
            runs: self.runs.unwrap_or(if self.short { 1 } else { 3 }).max(1),
            long_runs: self.long_runs.max(1),
            waiting: self.waiting.unwrap_or_else(|| pick(200_000, 1_000_000, 10_000_000)).max(20_000),
            life: seconds(self.life_seconds, 8, 120, 600),
            held: seconds(self.held_seconds, 6, 60, 180),
            idle: seconds(self.idle_seconds, 8, 60, 60),
            pickup: seconds(self.pickup_seconds, 8, 30, 60),
            asked: if self.short { 100 } else { 500 },
            asking: Duration::from_millis(pick(400, 15_000, 30_000)),
            watches: self.watches.unwrap_or(if self.short { 2_000 } else { 10_000 }).max(100),
        }
    }

    /// Whether a section is wanted.
    pub(crate) fn wants(&self, section: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == section)
    }
}
