//! What a client can be told.

use std::time::Duration;

/// Settings of a [`Client`](crate::Client).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Time a call may take in all, repeats included. Default: 10 s.
    pub deadline: Duration,
    /// Time to keep trying while nobody answers on the port, within the deadline; a watch gives up
    /// its first connection after it. Default: 10 s.
    pub patience: Duration,
    /// Longest pause between two tries. Default: 5 s.
    pub longest_pause: Duration,
    /// Silence after which a watch holds its connection to be dead; the service sends a heartbeat
    /// about every 15 s. Default: 45 s.
    pub watch_silence: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            patience: Duration::from_secs(10),
            longest_pause: Duration::from_secs(5),
            watch_silence: Duration::from_secs(45),
        }
    }
}

impl Options {
    /// Sets the time a call may take in all.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the time to keep trying while nobody answers.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets the longest pause between two tries.
    #[must_use]
    pub fn longest_pause(mut self, pause: Duration) -> Self {
        self.longest_pause = pause;
        self
    }

    /// Sets the silence after which a watch reconnects.
    #[must_use]
    pub fn watch_silence(mut self, silence: Duration) -> Self {
        self.watch_silence = silence;
        self
    }
}
