//! How far a run is: a bar on a terminal, a line every five seconds elsewhere.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::tally::Tally;
use crate::out::{stderr_is_terminal, talk};

/// Shows how far it is, on standard error.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
}

impl Progress {
    pub(super) fn new(total: u64, for_people: bool) -> Self {
        let bar = (for_people && stderr_is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {elapsed}  {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, total }
    }

    /// How often to show it.
    pub(super) fn every(&self) -> Duration {
        if self.bar.is_some() { Duration::from_millis(200) } else { Duration::from_secs(5) }
    }

    pub(super) fn show(&self, tally: &Tally, elapsed: Duration) {
        let told = told(tally, elapsed);
        match &self.bar {
            Some(bar) => {
                bar.set_position(tally.finished());
                bar.set_message(told);
            }
            None => talk(format_args!(
                "{:>4}s  {}/{} ended  {told}",
                elapsed.as_secs(),
                tally.finished(),
                self.total,
            )),
        }
    }

    /// Writes something else while the bar is away.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn told(tally: &Tally, elapsed: Duration) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = tally.finished() as f64 / elapsed.as_secs_f64().max(0.001);
    let mut told = format!("{} created, {} succeeded, {rate:.0}/s", tally.created, tally.succeeded);
    for (count, name) in
        [(tally.failed, "failed"), (tally.cancelled, "cancelled"), (tally.retries, "retries")]
    {
        if count > 0 {
            // Writing to a string cannot fail.
            let _ = write!(told, ", {count} {name}");
        }
    }
    told
}
