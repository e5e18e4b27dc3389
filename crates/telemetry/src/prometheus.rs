//! The numbers: recorded in memory, rendered as Prometheus text when somebody asks.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{Error, process};

/// A histogram's name and the upper bounds of its buckets, in the unit of the name's suffix.
///
/// A histogram that is not given to [`install`] would be rendered as a summary, which cannot be
/// added up over processes.
#[derive(Clone, Copy, Debug)]
pub struct Histogram {
    /// Its full name, such as `task_server_request_duration_seconds`.
    pub name: &'static str,
    /// Rising upper bounds; the last bucket, without a bound, comes by itself.
    pub buckets: &'static [f64],
}

/// Bounds for what mostly takes microseconds to seconds: calls, claims, records.
pub const SHORT_SECONDS: &[f64] =
    &[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Bounds for what may take hours: attempts, waiting.
pub const LONG_SECONDS: &[f64] =
    &[0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0];

/// Bounds for counts of items in a batch, up to 1,000.
pub const BATCH_ITEMS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0];

/// Renders what this process has recorded.
#[derive(Clone)]
pub struct Recorder(PrometheusHandle);

static INSTALLED: Mutex<Option<Recorder>> = Mutex::new(None);

/// Records the metrics of the whole process from now on.
///
/// The first call decides the buckets, so a process that holds several components gives all their
/// histograms there; later calls return the first one's recorder.
///
/// # Errors
/// [`Error::Metrics`] for empty buckets, or when another recorder is in place.
pub fn install(histograms: &[Histogram]) -> Result<Recorder, Error> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(recorder) = &*installed {
        return Ok(recorder.clone());
    }
    let mut builder = PrometheusBuilder::new();
    for histogram in histograms {
        let matcher = Matcher::Full(histogram.name.to_owned());
        builder = builder.set_buckets_for_metric(matcher, histogram.buckets).map_err(Error::Metrics)?;
    }
    let recorder = Recorder(builder.install_recorder().map_err(Error::Metrics)?);
    process::describe();
    Ok(installed.insert(recorder).clone())
}

impl Recorder {
    /// Everything recorded so far, with the process's own figures as they are now.
    pub fn render(&self) -> String {
        process::record();
        self.0.render()
    }

    /// Keeps histogram samples from piling up while nobody scrapes. Never ends; drop it to stop.
    pub async fn upkeep(self) {
        // Samples wait in memory for this or for a scrape, whichever comes first.
        let mut ticks = tokio::time::interval(Duration::from_secs(5));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.0.run_upkeep();
        }
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_have_buckets_and_installing_twice_is_one() {
        let histogram = Histogram { name: "test_duration_seconds", buckets: SHORT_SECONDS };
        let first = install(&[histogram]).unwrap();
        let second = install(&[]).unwrap();
        metrics::histogram!("test_duration_seconds").record(0.004);
        for recorder in [first, second] {
            let text = recorder.render();
            assert!(text.contains("test_duration_seconds_bucket{le=\"0.005\"} 1"), "{text}");
            assert!(text.contains("process_start_time_seconds "), "{text}");
        }
    }
}
