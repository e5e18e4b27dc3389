//! What passes the service stack: one attempt in, how it ended out.

use std::time::Duration;

use task_domain::{Claimed, Outcome};
use task_plugin::{Context, Parameters, Signal};
use tokio::time::Instant;

/// One attempt on its way to its plugin.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) claimed: Claimed,
    /// Tells it to stop.
    pub(super) signal: Signal,
    /// When it got its slot; before that, when it was taken up.
    pub(super) began: Instant,
    /// When it will be given up on.
    pub(super) deadline: Option<Instant>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// How long the plugin ran; nothing if it never started.
    pub(super) ran_for: Option<Duration>,
}

impl Ended {
    /// How an attempt ends that did not start.
    pub(super) fn unstarted(outcome: Outcome) -> Self {
        Self { outcome, ran_for: None }
    }

    /// How an attempt ends whose end nobody saw.
    pub(super) fn broken_off() -> Self {
        Self::unstarted(Outcome::Failed("the attempt broke off".to_owned()))
    }
}

impl Attempt {
    pub(super) fn new(claimed: Claimed, signal: Signal) -> Self {
        Self { claimed, signal, began: Instant::now(), deadline: None }
    }

    /// What the plugin is told.
    pub(super) fn context(&self) -> Context {
        Context::new(&self.claimed, self.deadline.map(Instant::into_std), self.signal.clone())
    }

    /// What the plugin works on.
    pub(super) fn parameters(&self) -> Parameters {
        Parameters::new(self.claimed.payload.clone())
    }
}
