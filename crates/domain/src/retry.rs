//! When a failed attempt is followed by another: a value from attempt, policy and random number.

use std::time::Duration;

use crate::{Invalid, limits};

/// Exponential backoff with full jitter: before attempt `n + 1` a task waits a random time between
/// zero and `min(max, initial * 2^(n - 1))`.
///
/// Full jitter spreads tasks that failed together over the whole span, also at the cap; see
/// "Exponential Backoff And Jitter", Marc Brooker, AWS Architecture Blog, 2015.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The span after the first failed attempt. Default: 1 s.
    pub initial: Duration,
    /// The longest span. Default: 10 min.
    pub max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { initial: Duration::from_secs(1), max: Duration::from_mins(10) }
    }
}

impl RetryPolicy {
    /// Checks a policy that came from outside.
    ///
    /// # Errors
    /// [`Invalid`] where a span is longer than 7 days or `max` is shorter than `initial`.
    pub fn new(initial: Duration, max: Duration) -> Result<Self, Invalid> {
        for (field, span) in [("initial_backoff", initial), ("max_backoff", max)] {
            if !limits::BACKOFF.contains(&span) {
                return Err(Invalid::new(field, "must be from 0 s to 7 days"));
            }
        }
        if max < initial {
            return Err(Invalid::new("max_backoff", "must not be shorter than initial_backoff"));
        }
        Ok(Self { initial, max })
    }

    /// How long to wait after failed attempt `attempt` (from 1), for a random number `unit` that
    /// is evenly spread over 0 to 1.
    pub fn backoff(&self, attempt: u32, unit: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(63);
        let span =
            (self.initial.as_secs_f64() * 2f64.powi(doublings.cast_signed())).min(self.max.as_secs_f64());
        Duration::from_secs_f64(span * unit.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_longer_than_the_cap(
            initial in 0u64..10_000_000, more in 0u64..600_000_000, attempt in any::<u32>(), unit in 0.0..=1.0f64,
        ) {
            let policy = RetryPolicy::new(
                Duration::from_millis(initial),
                Duration::from_millis(initial + more).min(*limits::BACKOFF.end()),
            ).unwrap();
            prop_assert!(policy.backoff(attempt, unit) <= policy.max + Duration::from_micros(1));
        }

        #[test]
        fn the_span_doubles(attempt in 1u32..8) {
            let policy = RetryPolicy::default();
            let (this, next) = (policy.backoff(attempt, 1.0), policy.backoff(attempt + 1, 1.0));
            prop_assert_eq!(next, this * 2);
        }
    }

    #[test]
    fn jitter_reaches_over_the_whole_span_at_the_cap() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.backoff(50, 0.0), Duration::ZERO);
        assert_eq!(policy.backoff(50, 0.5), policy.max / 2);
        assert_eq!(policy.backoff(u32::MAX, 1.0), policy.max);
    }

    #[test]
    fn a_policy_that_makes_no_sense_is_refused() {
        let day = Duration::from_hours(24);
        assert_eq!(RetryPolicy::new(day, day / 2).unwrap_err().field, "max_backoff");
        assert!(RetryPolicy::new(Duration::ZERO, 8 * day).is_err());
    }
}
