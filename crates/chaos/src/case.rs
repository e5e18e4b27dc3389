//! One case: a fault, the invariants it is aimed at, and how it is run.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;

use crate::evidence::Evidence;
use crate::figures::Outcome;
use crate::invariants::{self, Allowed};
use crate::load::Load;
use crate::options::Options;
use crate::scene::Scene;

/// How a case is run. It notes figures and violations; an error means that the harness itself failed.
pub(crate) type Run = fn(Options) -> BoxFuture<'static, Result<Outcome>>;

/// One case.
pub struct Case {
    /// Its name, as in `docs/reliability.md`.
    pub id: &'static str,
    /// What is done to the service, in a few words.
    pub about: &'static str,
    /// The invariants it is aimed at; all that apply are checked in any case.
    pub invariants: &'static [&'static str],
    pub(crate) run: Run,
}

/// How a case ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// Time for every task to end.
    pub(crate) limit: Duration,
    pub(crate) allowed: Allowed,
}

impl Default for End {
    fn default() -> Self {
        Self { limit: Duration::from_secs(90), allowed: Allowed::default() }
    }
}

/// Ends the load, waits until all is quiet, judges, and puts everything away. Gives the evidence back
/// for figures of the case's own.
pub(crate) async fn finish(outcome: &mut Outcome, scene: Scene, load: Load, end: End) -> Result<Evidence> {
    let stopped = load.stop().await?;
    invariants::all_ended(outcome, &scene.pool, end.limit).await?;
    let log = stopped.log(Duration::from_secs(20)).await;
    let evidence = Evidence::gather(&scene.pool, scene.dir(), log).await?;
    invariants::judge(outcome, &evidence, end.allowed);
    if let Err(wrong) = task_testing::oracle(&scene.pool).await {
        outcome.violations.extend(wrong.0.into_iter().map(|text| format!("I3, I4: {text}")));
    }
    invariants::bounds(outcome, &scene).await?;
    let stale: usize = scene.all_workers().map(crate::worker::Worker::stale_writes).sum();
    outcome.totals.stale_refused += stale as u64;
    outcome.figure("acknowledged", outcome.totals.acknowledged);
    outcome.figure("changes", outcome.totals.changes);
    outcome.figure("client_errors", evidence.log.errors);
    outcome.figure("unanswered", evidence.log.unanswered.len());
    if let Some(error) = &evidence.log.last_error {
        outcome.figure("last_client_error", error.clone());
    }
    outcome.must(!evidence.log.acks.is_empty(), || "I1: no create was acknowledged".to_owned());
    if outcome.violations.is_empty() {
        scene.stop().await?;
    } else {
        outcome.figure("kept", scene.keep().display().to_string());
    }
    Ok(evidence)
}
