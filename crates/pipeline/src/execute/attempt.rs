//! What passes the service stack: one attempt in, how it ended out.

use std::time::{Duration, Instant};

use task_domain::{Claimed, Outcome};
use task_plugin::{Context, Parameters};

use crate::running::Signal;

/// One attempt on its way to its plugin.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) claimed: Claimed,
    /// Tells it to stop.
    pub(super) signal: Signal,
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
    /// How an attempt ends whose end nobody saw.
    pub(super) fn broken_off() -> Self {
        Self { outcome: Outcome::Failed("the attempt broke off".to_owned()), ran_for: None }
    }
}

impl Attempt {
    pub(super) fn new(claimed: Claimed, signal: Signal) -> Self {
        Self { claimed, signal, deadline: None }
    }

    /// What the plugin is told.
    pub(super) fn context(&self) -> Context {
        Context::new(&self.claimed, self.deadline, self.signal.token())
    }

    /// What the plugin works on.
    pub(super) fn parameters(&self) -> Parameters {
        Parameters::new(self.claimed.payload.clone())
    }
}
