//! How a worker runs.

use std::time::Duration;

use task_domain::{Invalid, Kind, Queue, RetryPolicy};
use task_store::Settings;

/// How a worker runs. Everything but the database has a default.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database.
    pub database: Settings,
    /// Its name, for people. Default: host name and process id.
    pub name: String,
    /// How many tasks it runs at a time, 1 to 10,000. Default: 100.
    pub slots: usize,
    /// The types it runs; all that have a plugin, where empty.
    pub kinds: Vec<Kind>,
    /// The queues it serves; all, where empty.
    pub queues: Vec<Queue>,
    /// Deadline of attempts whose task brings none. Default: 5 min.
    pub timeout: Duration,
    /// Backoff of tasks that bring none. Default: 1 s, doubled up to 10 min, full jitter.
    pub retry: RetryPolicy,
    /// How long running attempts may go on after a stop was asked for. Default: 30 s.
    pub grace: Duration,
    /// Time between two looks for work without a hint. Default: 1 s.
    pub poll: Duration,
    /// How long a lease lasts from its renewal; renewed at a third of it. Default: 15 s.
    pub lease_time: Duration,
}

impl Options {
    /// Defaults on this database.
    pub fn new(database: Settings) -> Self {
        Self {
            database,
            name: default_name(),
            slots: 100,
            kinds: Vec::new(),
            queues: Vec::new(),
            timeout: Duration::from_mins(5),
            retry: RetryPolicy::default(),
            grace: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            lease_time: Duration::from_secs(15),
        }
    }

    /// Checks what came from outside.
    ///
    /// # Errors
    /// [`Invalid`], naming the option.
    pub fn check(&self) -> Result<(), Invalid> {
        if !(1..=10_000).contains(&self.slots) {
            return Err(Invalid::new("concurrency", format!("must be from 1 to 10000, not {}", self.slots)));
        }
        if self.lease_time < Duration::from_secs(1) || self.lease_time > Duration::from_hours(1) {
            return Err(Invalid::new("lease-time", "must be from 1 s to 1 h"));
        }
        if self.poll < Duration::from_millis(10) || self.poll > Duration::from_mins(1) {
            return Err(Invalid::new("poll-interval", "must be from 10 ms to 1 min"));
        }
        if self.name.is_empty() || self.name.chars().count() > 255 || self.name.contains(char::is_control) {
            return Err(Invalid::new("name", "needs 1 to 255 characters, none of them control characters"));
        }
        Ok(())
    }
}

fn default_name() -> String {
    format!("{}-{}", host(), std::process::id())
}

/// The name that this machine has for itself.
pub(crate) fn host() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    host.as_deref().map(str::trim).filter(|h| !h.is_empty()).unwrap_or("worker").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_out_of_range_are_named() {
        let options = Options::new(Settings::new("postgres://u@127.0.0.1/d").unwrap());
        assert!(options.check().is_ok());
        let wrong = |change: fn(&mut Options)| {
            let mut options = options.clone();
            change(&mut options);
            options.check().unwrap_err().field
        };
        assert_eq!(wrong(|o| o.slots = 0), "concurrency");
        assert_eq!(wrong(|o| o.slots = 10_001), "concurrency");
        assert_eq!(wrong(|o| o.poll = Duration::ZERO), "poll-interval");
        assert_eq!(wrong(|o| o.lease_time = Duration::ZERO), "lease-time");
        assert_eq!(wrong(|o| o.name.clear()), "name");
    }
}
