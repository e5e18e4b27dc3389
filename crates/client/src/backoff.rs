//! How long to wait before trying again.

use std::time::Duration;

/// Growing pauses with full jitter: before try n a random time up to `first * 2^(n-1)`, capped.
///
/// Full jitter keeps many clients that lost the same server from coming back at the same moment.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    tries: u32,
}

impl Backoff {
    /// Starts with a pause of up to `first`, never above `cap`.
    pub const fn new(first: Duration, cap: Duration) -> Self {
        Self { first, cap, tries: 0 }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let ceiling = self.first.saturating_mul(1 << self.tries.min(16)).min(self.cap);
        self.tries = self.tries.saturating_add(1);
        ceiling.mul_f64(rand::random::<f64>())
    }

    /// How many pauses were asked for since the start or the last success.
    pub const fn tries(&self) -> u32 {
        self.tries
    }

    /// Starts anew, after a success.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_below_the_growing_ceiling_and_the_cap() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for ceiling in [100, 200, 400, 800, 1_000, 1_000] {
            assert!(backoff.pause() <= Duration::from_millis(ceiling));
        }
        assert_eq!(backoff.tries(), 6);
        for _ in 0..1_000 {
            assert!(backoff.pause() <= Duration::from_secs(1), "neither overflow nor above the cap");
        }
        backoff.reset();
        assert!(backoff.pause() <= Duration::from_millis(100));
    }

    #[test]
    fn pauses_are_spread() {
        let pause = || Backoff::new(Duration::from_hours(1), Duration::from_hours(1)).pause();
        assert_ne!(pause(), pause());
    }
}
