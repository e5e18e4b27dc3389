//! Counts attempts by how they ended, and how long plugins ran.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use foldhash::fast::RandomState;
use metrics::{Counter, Histogram, counter, histogram};
use pin_project_lite::pin_project;
use task_domain::{Kind, Outcome};
use tokio::time::Instant;
use tower::{Layer, Service};

use super::attempt::{Attempt, Ended};
use crate::metric;

/// Metrics by type, looked up once: a look-up costs more than a short task.
#[derive(Clone, Default)]
pub(super) struct MeasureLayer {
    meters: Arc<Mutex<HashMap<Kind, Arc<Meters>, RandomState>>>,
}

struct Meters {
    seconds: Histogram,
    outcomes: [Counter; OUTCOMES.len()],
}

const OUTCOMES: [&str; 6] =
    ["succeeded", "failed", "failed_for_good", "snoozed", "interrupted", "lease_lost"];

fn place(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Succeeded(_) => 0,
        Outcome::Failed(_) => 1,
        Outcome::FailedForGood(_) => 2,
        Outcome::Snoozed(_) => 3,
        Outcome::Interrupted => 4,
        Outcome::LeaseLost => 5,
    }
}

impl MeasureLayer {
    fn meters(&self, kind: &Kind) -> Arc<Meters> {
        let mut meters = self.meters.lock().expect("no holder of this lock panics");
        if let Some(known) = meters.get(kind) {
            return known.clone();
        }
        let new = Arc::new(Meters {
            seconds: histogram!(metric::ATTEMPT_SECONDS, "type" => kind.to_string()),
            outcomes: OUTCOMES
                .map(|outcome| counter!(metric::ATTEMPTS, "type" => kind.to_string(), "outcome" => outcome)),
        });
        meters.insert(kind.clone(), new.clone());
        new
    }
}

#[derive(Clone)]
pub(super) struct Measure<S> {
    inner: S,
    layer: MeasureLayer,
}

impl<S> Layer<S> for MeasureLayer {
    type Service = Measure<S>;

    fn layer(&self, inner: S) -> Measure<S> {
        Measure { inner, layer: self.clone() }
    }
}

impl<S> Service<Attempt> for Measure<S>
where
    S: Service<Attempt, Response = Outcome, Error = Infallible>,
{
    type Response = Ended;
    type Error = Infallible;
    type Future = Measured<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        let meters = self.layer.meters(&attempt.claimed.kind);
        let began = attempt.began;
        Measured { run: self.inner.call(attempt), began, meters }
    }
}

pin_project! {
    /// Runs, and is counted when it has ended.
    pub(super) struct Measured<F> {
        #[pin]
        run: F,
        began: Instant,
        meters: Arc<Meters>,
    }
}

impl<F: Future<Output = Result<Outcome, Infallible>>> Future for Measured<F> {
    type Output = Result<Ended, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(outcome) = ready!(this.run.poll(cx));
        let ran_for = this.began.elapsed();
        this.meters.seconds.record(ran_for);
        this.meters.outcomes[place(&outcome)].increment(1);
        Poll::Ready(Ok(Ended { outcome, ran_for: Some(ran_for) }))
    }
}
