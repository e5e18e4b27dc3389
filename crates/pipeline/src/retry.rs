//! Decides what an ended attempt means for its task: done, try again, or give up.
//!
//! In: [`Executed`]. Out: [`Settled`]. Reads no clock and writes no row; `record` stores the
//! decision. An attempt whose lease is lost has nothing left to write and ends here. Ends when its
//! input ends.

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use std::time::Duration;
use task_domain::{Decision, Executed, Outcome, RetryPolicy, Settled};
use tower::Layer;

use crate::chance;

/// Why a task was put back that no slot was free for, or whose worker was stopped first.
const NOT_STARTED: &str = "its worker gave it back before it started";

/// Adds the decision to a stream of executed attempts.
#[derive(Clone, Debug)]
pub struct RetryLayer {
    /// For tasks that bring no policy of their own.
    default: RetryPolicy,
}

impl RetryLayer {
    /// `default` is for tasks that bring no policy of their own.
    pub fn new(default: RetryPolicy) -> Self {
        Self { default }
    }
}

impl<S> Layer<S> for RetryLayer
where
    S: Stream<Item = Executed> + Send + 'static,
{
    type Service = BoxStream<'static, Settled>;

    fn layer(&self, executed: S) -> Self::Service {
        let default = self.default;
        executed
            .filter_map(move |executed| {
                let lease = executed.claimed.lease;
                let decision = decide(executed, &default, chance::unit());
                std::future::ready(decision.map(|decision| Settled { lease, decision }))
            })
            .boxed()
    }
}

/// What an ended attempt means for its task; nothing if its lease is lost. `unit` is a random
/// number, evenly spread over 0 to 1.
pub fn decide(executed: Executed, default: &RetryPolicy, unit: f64) -> Option<Decision> {
    let claimed = &executed.claimed;
    Some(match executed.outcome {
        Outcome::Succeeded(result) => Decision::Succeed(result),
        Outcome::Failed(error) if claimed.failures < claimed.retries.get() => {
            let policy = claimed.backoff.as_ref().unwrap_or(default);
            Decision::Retry { delay: policy.backoff(claimed.failures + 1, unit), error }
        }
        Outcome::Failed(error) | Outcome::FailedForGood(error) => Decision::Fail { error },
        Outcome::Snoozed(delay) => Decision::PutBack { delay, reason: "put back by its plugin" },
        Outcome::Interrupted => {
            let reason = if executed.ran_for.is_zero() { NOT_STARTED } else { "its worker was stopped" };
            Decision::PutBack { delay: Duration::ZERO, reason }
        }
        Outcome::LeaseLost => return None,
    })
}

#[cfg(test)]
mod tests;
