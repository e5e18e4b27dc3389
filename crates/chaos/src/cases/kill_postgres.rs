//! F3: all of Postgres is killed with SIGKILL under load, and started again.

use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use tokio::time::sleep;

use crate::case::{Case, End, finish};
use crate::clock::{self, Micros};
use crate::figures::Outcome;
use crate::load::{self, Load};
use crate::options::Options;
use crate::scene::{self, Scene};
use crate::schedule::{self, Ranges};
use crate::statistics::spread;

pub(super) const CASE: Case = Case {
    id: "F3",
    about: "kill -9 all of Postgres under load, and start it again",
    invariants: &["I1", "I2", "I3", "I4", "I5", "I8", "I9", "I13"],
    run: |options| run(options).boxed(),
};

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let plan = scene::Plan { workers: options.pick(2, 4), ..scene::Plan::default() };
    let mut scene = Scene::start(&options, &plan).await?;
    let load = load::Plan { rate: options.pick(80, 200), clients: 8, ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    let quiet = Duration::from_secs(options.pick(3, 20));
    let begun = clock::now();
    sleep(quiet).await;
    let baseline = (begun, clock::now());

    let ranges = Ranges { pause: (800, 2_500), targets: 1, length: (0, 300), kinds: 1 };
    let random = &mut schedule::random(options.seed, "F3");
    let faults = schedule::draw(random, options.rounds(4, 200), ranges);
    outcome.figure("schedule", schedule::fingerprint(&faults));
    let mut ready: Vec<Micros> = Vec::new();
    let mut down = Vec::new();
    for fault in &faults {
        sleep(fault.pause).await;
        let killed = clock::now();
        scene.postgres.kill().await?;
        outcome.totals.postgres_kills += 1;
        sleep(fault.length).await;
        scene.postgres.restart().await?;
        ready.push(clock::now());
        down.push(clock::millis(killed, clock::now()));
    }
    // Ten seconds after the last one, at full scale, all must be as it was.
    sleep(quiet / 2).await;
    let last = clock::now();
    sleep(quiet).await;
    let after = (last, clock::now());
    let evidence = finish(&mut outcome, scene, load, End::default()).await?;

    let done = evidence.completions();
    let first =
        |at: &Micros| done.get(done.partition_point(|done| done < at)).map(|done| clock::millis(*at, *done));
    outcome.figure("kills", ready.len());
    outcome.figure("down", spread(down));
    outcome.figure("ready_to_first_completion", spread(ready.iter().filter_map(first).collect()));
    outcome.figure("throughput_after_to_before", ratio(&done, baseline, after));
    outcome.figure("false_rescues", evidence.lost_leases());
    Ok(outcome)
}

/// Completions a second in one span as a share of those in another.
pub(super) fn ratio(done: &[Micros], before: (Micros, Micros), after: (Micros, Micros)) -> f64 {
    let rate = |(from, to): (Micros, Micros)| {
        let count = done.partition_point(|at| *at < to) - done.partition_point(|at| *at < from);
        f64::from(u32::try_from(count).unwrap_or(u32::MAX))
            / Duration::from_micros((to - from).unsigned_abs()).as_secs_f64()
    };
    (rate(after) / rate(before) * 1_000.0).round() / 1_000.0
}
