//! F8: the network between a server and Postgres is spoilt while tasks are being watched.

use anyhow::Result;
use futures::FutureExt;
use tokio::time::sleep;

use super::cut_workers::{FLAPPING, spoil};
use crate::case::{Case, End, finish};
use crate::clock::{self, Micros};
use crate::evidence::Evidence;
use crate::figures::Outcome;
use crate::load::{self, Load};
use crate::options::Options;
use crate::postgres::Postgres;
use crate::proxy::Proxy;
use crate::scene::{self, Part, Scene};
use crate::schedule::{self, Ranges};
use crate::statistics::spread;

pub(super) const CASE: Case = Case {
    id: "F8",
    about: "cut, silence, half-open, flapping between a server and Postgres, with watches open",
    invariants: &["I1", "I2", "I8", "I9"],
    run: |options| run(options).boxed(),
};

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    // Enough for what comes, so that what waits at the end waits for a fault and not for its turn.
    let plan = scene::Plan { slots: options.pick(20, 300), ..scene::Plan::default() };
    let dir = scene::folder(&options)?;
    let postgres = Postgres::start(&dir.path().join("postgres"), plan.connections, &plan.parameters).await?;
    let proxy = Proxy::start(postgres.port(), options.seed).await?;
    let (spoilt, direct) = (postgres.url_by(proxy.port()), postgres.url());
    let way = |part| match part {
        Part::Server(_) => spoilt.clone(),
        Part::Worker(_) => direct.clone(),
    };
    let scene = Scene::on(&options, &plan, dir, postgres, Some(&way)).await?;
    // Tasks that are long enough to change while the server cannot see it.
    let mix = load::Mix { least_ms: 0, usual_ms: 1_500, long_ms: 4_000, failing: 4 };
    let (clients, rate, followed) = options.pick((8, 30, 100), (40, 300, 1_000));
    let load = load::Plan { clients, rate, mix, followed, ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);

    let ranges = Ranges {
        pause: (1_500, 2_500),
        targets: 1,
        length: (1_000, options.pick(2_500, 20_000)),
        kinds: FLAPPING + 1,
    };
    let random = &mut schedule::random(options.seed, "F8");
    let faults = schedule::draw(random, options.rounds(6, 40), ranges);
    outcome.figure("schedule", schedule::fingerprint(&faults));
    let mut outages = Vec::new();
    for fault in &faults {
        sleep(fault.pause).await;
        let begun = clock::now();
        spoil(&proxy, fault.kind, fault.length).await;
        outages.push((begun, clock::now()));
    }
    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    outcome.figure("faults", faults.len());
    outcome.figure("resync_after_outage", spread(resyncs(&evidence, &outages)));
    Ok(outcome)
}

/// How long after an outage watches told of ends that fell into it.
fn resyncs(evidence: &Evidence, outages: &[(Micros, Micros)]) -> Vec<i64> {
    let told = evidence.log.followed.iter().filter_map(|followed| {
        let ended = evidence.tasks.get(&followed.id)?.changes.last()?.at;
        let (_, over) = outages.iter().find(|(from, to)| (*from..*to).contains(&ended))?;
        Some(clock::millis(*over, followed.at).max(0))
    });
    told.collect()
}
