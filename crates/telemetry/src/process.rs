//! The process's own figures, under the names that Prometheus dashboards know. Read from `/proc`
//! at each scrape; elsewhere than on Linux only the start time is told.

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

/// When this process began to be measured, as seconds since 1970.
pub const START_TIME: &str = "process_start_time_seconds";
/// Processor time used, user and system.
pub const CPU: &str = "process_cpu_seconds_total";
/// Memory that is really held.
pub const RESIDENT: &str = "process_resident_memory_bytes";
/// Open files and sockets.
pub const OPEN_FILES: &str = "process_open_fds";
/// Threads.
pub const THREADS: &str = "process_threads";

static STARTED: LazyLock<f64> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0.0, |d| d.as_secs_f64())
});

/// Says what each figure is, and notes the start.
pub(crate) fn describe() {
    LazyLock::force(&STARTED);
    metrics::describe_gauge!(START_TIME, "Start of the process, in seconds since 1970");
    metrics::describe_counter!(CPU, "Processor time used, user and system");
    metrics::describe_gauge!(RESIDENT, "Memory that is really held");
    metrics::describe_gauge!(OPEN_FILES, "Open files and sockets");
    metrics::describe_gauge!(THREADS, "Threads");
}

/// Puts the figures as they are now into the recorder.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating point; 2^53 bytes are enough")]
pub(crate) fn record() {
    metrics::gauge!(START_TIME).set(*STARTED);
    if let Some(used) = cpu() {
        // The recorder's counters are whole numbers: parts of a second are left out.
        metrics::counter!(CPU).absolute(used.as_secs());
    }
    if let Some(kib) = status("VmRSS:") {
        metrics::gauge!(RESIDENT).set(kib as f64 * 1024.0);
    }
    if let Some(threads) = status("Threads:") {
        metrics::gauge!(THREADS).set(threads as f64);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        metrics::gauge!(OPEN_FILES).set(files.count() as f64);
    }
}

fn status(key: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

fn cpu() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in brackets and may hold anything: count from its end.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    // Linux tells these in hundredths of a second on every platform (USER_HZ, proc(5)).
    Some(Duration::from_millis((user + system) * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn figures_are_found() {
        assert!(status("VmRSS:").unwrap() > 100);
        assert!(status("Threads:").unwrap() >= 1);
        assert!(cpu().is_some());
    }
}
