//! F5: workers are stopped with SIGSTOP for longer than their lease, and go on as if nothing had been:
//! what they then write comes too late, and must change nothing.

use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use nix::sys::signal::Signal;
use tokio::time::sleep;

use crate::case::{Case, End, finish};
use crate::figures::Outcome;
use crate::load::{self, Load, Mix};
use crate::options::Options;
use crate::scene::{self, Scene};
use crate::schedule::{self, Ranges};

pub(super) const CASE: Case = Case {
    id: "F5",
    about: "SIGSTOP a worker for half to three times its lease, then SIGCONT",
    invariants: &["I3", "I4", "I5", "I6", "I7", "I8", "I13"],
    run: |options| run(options).boxed(),
};

/// How long a pause is, as quarters of the lease.
const QUARTERS: [u32; 4] = [8, 2, 12, 5];

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let lease = Duration::from_secs(2);
    let plan = scene::Plan { workers: 3, slots: options.pick(40, 300), lease, ..scene::Plan::default() };
    let scene = Scene::start(&options, &plan).await?;
    let mix = Mix { least_ms: 300, usual_ms: 3_000, long_ms: 5_000, failing: 8 };
    let load = load::Plan { rate: options.pick(40, 300), mix, ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    scene.watched().await;

    let ranges =
        Ranges { pause: (1_000, 2_000), targets: plan.workers, length: (0, 200), kinds: QUARTERS.len() };
    let random = &mut schedule::random(options.seed, "F5");
    let faults = schedule::draw(random, options.rounds(3, 140), ranges);
    outcome.figure("schedule", schedule::fingerprint(&faults));
    for fault in &faults {
        sleep(fault.pause).await;
        let worker = &scene.workers[fault.target];
        worker.signal(Signal::SIGSTOP)?;
        sleep(lease * QUARTERS[fault.kind] / 4 + fault.length).await;
        worker.signal(Signal::SIGCONT)?;
    }
    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    outcome.figure("pauses", faults.len());
    outcome.figure("lost_leases", evidence.lost_leases());
    let tried = outcome.totals.stale_refused + outcome.totals.stale_accepted;
    outcome.figure("stale_writes_tried", tried);
    outcome.figure("stale_writes_accepted", outcome.totals.stale_accepted);
    outcome.must(tried > 0, || "I5: no stale write was tried, so nothing was shown".to_owned());
    Ok(outcome)
}
