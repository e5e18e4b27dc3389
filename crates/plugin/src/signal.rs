//! Tells one attempt to stop.

use std::sync::Arc;

use task_domain::Outcome;
use tokio::sync::SetOnce;

/// Why an attempt is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its lease is lost: the task was cancelled, or given to another worker.
    LeaseLost,
    /// Its worker's time is up.
    Interrupted,
}

impl From<Stop> for Outcome {
    fn from(why: Stop) -> Self {
        match why {
            Stop::LeaseLost => Self::LeaseLost,
            Stop::Interrupted => Self::Interrupted,
        }
    }
}

/// Tells one attempt to stop, and why. Clones share it. For workers, and for tests of plugins.
#[derive(Clone, Debug, Default)]
pub struct Signal(Arc<SetOnce<Stop>>);

impl Signal {
    /// Has the attempt stop. The first reason stands.
    pub fn stop(&self, why: Stop) {
        let _ = self.0.set(why);
    }

    /// Why it is to stop, if it is.
    pub fn why(&self) -> Option<Stop> {
        self.0.get().copied()
    }

    /// Waits until it is told to stop.
    ///
    /// # Cancel safety
    /// Safe: it only looks.
    pub async fn stopped(&self) -> Stop {
        *self.0.wait().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stands_for_all_who_hear_it() {
        let signal = Signal::default();
        let heard = tokio::spawn({
            let signal = signal.clone();
            async move { signal.stopped().await }
        });
        assert_eq!(signal.why(), None);
        signal.stop(Stop::LeaseLost);
        signal.stop(Stop::Interrupted);
        assert_eq!((heard.await.unwrap(), signal.why()), (Stop::LeaseLost, Some(Stop::LeaseLost)));
    }
}
