//! The innermost service: hands an attempt to its plugin and names what came of it.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::{Either, Map, Ready, ready};
use task_domain::{Outcome, limits};
use task_plugin::{Error, PluginFuture, Registry, Retry};
use tower::Service;

use super::attempt::Attempt;

#[derive(Clone, Debug)]
pub(super) struct RunPlugin {
    plugins: Arc<Registry>,
}

impl RunPlugin {
    pub(super) fn new(plugins: Registry) -> Self {
        Self { plugins: Arc::new(plugins) }
    }
}

impl Service<Attempt> for RunPlugin {
    type Response = Outcome;
    type Error = Infallible;
    type Future = Either<Map<PluginFuture, fn(Answer) -> Named>, Ready<Named>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        match self.plugins.run(&attempt.claimed.kind, attempt.context(), attempt.parameters()) {
            Ok(run) => Either::Left(run.map(|answer| Ok(name(answer)))),
            // Only tasks of types that run here are claimed, so this is our own mistake: leave
            // the task to a worker that can.
            Err(unknown) => Either::Right(ready(Ok(Outcome::Failed(unknown.to_string())))),
        }
    }
}

/// What a plugin says.
type Answer = Result<task_plugin::Outcome, Error>;
/// What it is called here.
type Named = Result<Outcome, Infallible>;

fn name(answer: Answer) -> Outcome {
    match answer {
        Ok(task_plugin::Outcome::Done(result)) => Outcome::Succeeded(result),
        Ok(task_plugin::Outcome::Snooze(span)) => Outcome::Snoozed(span.min(limits::SNOOZE)),
        Err(error) => {
            let message = storable(error.message());
            match error.retry_hint() {
                Retry::MayHelp => Outcome::Failed(message),
                Retry::IsUseless => Outcome::FailedForGood(message),
            }
        }
    }
}

/// A plugin's words as they can be stored: never empty, no NUL, no longer than the limit.
pub(super) fn storable(message: &str) -> String {
    const CUT: &str = " … (cut)";
    let message = message.replace('\0', "\u{fffd}");
    if message.trim().is_empty() {
        return "failed without a message".to_owned();
    }
    if message.len() <= limits::DETAILS_BYTES {
        return message;
    }
    let mut end = limits::DETAILS_BYTES - CUT.len();
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{CUT}", &message[..end])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_plugins_pause_can_always_be_stored() {
        let pause = |span| name(Ok(task_plugin::Outcome::Snooze(span)));
        assert_eq!(pause(Duration::MAX), Outcome::Snoozed(limits::SNOOZE));
        assert_eq!(pause(Duration::from_secs(3)), Outcome::Snoozed(Duration::from_secs(3)));
    }

    #[test]
    fn a_plugins_words_can_always_be_stored() {
        assert_eq!(storable(" "), "failed without a message");
        assert_eq!(storable("a\0b"), "a\u{fffd}b");
        let long = storable(&"é".repeat(limits::DETAILS_BYTES));
        assert!(long.len() <= limits::DETAILS_BYTES && long.ends_with("(cut)"));
    }
}
