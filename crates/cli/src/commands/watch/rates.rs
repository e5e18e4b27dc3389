//! The line of rates below a live watch.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use task_client::v1;
use task_domain::Status;

use crate::render;

/// Time over which rates are taken.
const WINDOW: Duration = Duration::from_secs(5);
/// Steps that the window moves in.
const STEP: Duration = Duration::from_millis(500);

/// Counts changes, and shows how many there are each second.
pub(super) struct Rates {
    bar: ProgressBar,
    window: Window,
}

impl Rates {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, window: Window::new(Instant::now()) }
    }

    /// Counts a change.
    pub(super) fn count(&mut self, entry: &v1::HistoryEntry) {
        self.window.count(entry, Instant::now());
    }

    /// Shows the rates of now.
    pub(super) fn draw(&mut self) {
        self.bar.set_message(self.window.told(Instant::now()));
        self.bar.tick();
    }

    /// Writes something else while the line is away.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Drop for Rates {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Changes of the last seconds, by what they were.
struct Window {
    since: Instant,
    steps: VecDeque<(Instant, [u64; 7])>,
}

impl Window {
    fn new(now: Instant) -> Self {
        Self { since: now, steps: VecDeque::new() }
    }

    fn count(&mut self, entry: &v1::HistoryEntry, now: Instant) {
        let Some(status) = render::status::read(entry.status) else { return };
        // The first change is the creation; later ones to PENDING are put back.
        let kind = if entry.version == 1 { 6 } else { usize::from(status.code().unsigned_abs()) };
        match self.steps.back_mut() {
            Some((start, counts)) if now.duration_since(*start) < STEP => counts[kind] += 1,
            _ => {
                let mut counts = [0; 7];
                counts[kind] += 1;
                self.steps.push_back((now, counts));
            }
        }
    }

    fn told(&mut self, now: Instant) -> String {
        while self.steps.front().is_some_and(|(start, _)| now.duration_since(*start) > WINDOW) {
            self.steps.pop_front();
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = |kind: usize| {
            let seconds = now.duration_since(self.since).min(WINDOW).as_secs_f64().max(0.5);
            self.steps.iter().map(|(_, counts)| counts[kind]).sum::<u64>() as f64 / seconds
        };
        let of = |status: Status| rate(usize::from(status.code().unsigned_abs()));
        format!(
            "created {:.1}/s  started {:.1}/s  succeeded {:.1}/s  retrying {:.1}/s  failed {:.1}/s  cancelled {:.1}/s",
            rate(6),
            of(Status::Running),
            of(Status::Succeeded),
            of(Status::Retrying),
            of(Status::Failed),
            of(Status::Cancelled),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_last_seconds() {
        let start = Instant::now();
        let mut window = Window::new(start);
        let entry = |version, status: v1::Status| v1::HistoryEntry {
            version,
            status: status.into(),
            ..Default::default()
        };
        for n in 0..20 {
            window.count(&entry(1, v1::Status::Pending), start + Duration::from_millis(n * 100));
        }
        window.count(&entry(2, v1::Status::Running), start + Duration::from_secs(4));
        let told = window.told(start + Duration::from_secs(5));
        assert!(told.starts_with("created 4.0/s  started 0.2/s  succeeded 0.0/s"), "{told}");
        let told = window.told(start + Duration::from_mins(1));
        assert!(told.starts_with("created 0.0/s  started 0.0/s"), "{told}");
        assert!(window.steps.is_empty());
    }
}
