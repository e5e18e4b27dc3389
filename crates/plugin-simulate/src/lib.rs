//! The built-in plugin that pretends to work, for demos and load tests.
//!
//! `parameters` reads what a task asks for, `verdict` decides purely what comes of an attempt, and
//! the plugin below only waits and answers. A task without parameters succeeds at once and costs
//! neither a timer nor a random number.

mod journal;
mod parameters;
mod verdict;

use task_plugin::{About, Context, Error, Outcome, Parameters, Plugin, TaskResult};

pub use crate::journal::Journaled;
use crate::parameters::Wish;
use crate::verdict::Verdict;

/// The type under which this plugin is known.
pub const KIND: &str = "simulate";

/// Pretends to work: takes a while, and fails as often as it is told to.
///
/// | parameter | meaning | default |
/// |---|---|---|
/// | `duration` | how long an attempt takes: `"4s"`, `"250ms"`, `"1m30s"` or a number of seconds; at most 24 h | 0 |
/// | `fail_attempts` | the first so many attempts fail for sure | 0 |
/// | `failure_probability` | chance that any other attempt fails, 0 to 1 | 0 |
/// | `give_up` | `true`: a failure is final, whatever retries are left | `false` |
/// | `panic` | `true`: an attempt that would fail panics instead | `false` |
/// | `snooze` | how long a snoozed attempt is put back, as for `duration` | none |
/// | `snooze_probability` | chance that an attempt is snoozed, 0 to 0.99 | 0.5 with `snooze` |
/// | `result_size` | size of the result in bytes of JSON text, quotes included: 0 (none), or 2 to 262,144 | 0 |
///
/// Any other parameter is refused by its name. Numbers may also be given as text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulate;

impl Plugin for Simulate {
    async fn run(&self, context: Context, parameters: Parameters) -> Result<Outcome, Error> {
        let wish = Wish::read(&parameters)?;
        if !wish.duration.is_zero() {
            tokio::time::sleep(wish.duration).await;
        }
        match verdict::decide(&wish, context.attempt(), rand::random) {
            Verdict::Succeed if wish.result_size == 0 => Ok(Outcome::DONE),
            Verdict::Succeed => filler(wish.result_size),
            Verdict::Snooze(time) => Ok(Outcome::Snooze(time)),
            Verdict::Fail if wish.panic => panic!("a panic was asked for"),
            Verdict::Fail if wish.give_up => Err(Error::give_up("a final failure was asked for")),
            Verdict::Fail => Err(Error::retry("a failure was asked for")),
        }
    }

    fn about(&self) -> About {
        About {
            description: Some("Pretends to work: takes a while, and fails as often as it is told to"),
            parameters_schema: Some(include_str!("parameters.schema.json")),
        }
    }
}

/// A JSON string that takes `size` bytes, its two quotes included.
fn filler(size: usize) -> Result<Outcome, Error> {
    let text = format!("\"{}\"", "x".repeat(size - 2));
    let result = TaskResult::new(&text).map_err(|e| Error::give_up(e.to_string()))?;
    Ok(Outcome::Done(Some(result)))
}
