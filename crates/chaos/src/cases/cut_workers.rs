//! F7: the network between workers and Postgres is cut, silent one way or both, half-open, or flaps.

use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use tokio::time::{Instant, sleep};

use crate::case::{Case, End, finish};
use crate::figures::Outcome;
use crate::load::{self, Load};
use crate::options::Options;
use crate::postgres::Postgres;
use crate::proxy::{Network, Proxy};
use crate::scene::{self, Part, Scene};
use crate::schedule::{self, Ranges};

pub(super) const CASE: Case = Case {
    id: "F7",
    about: "cut, silence (one way, both), half-open, flapping between workers and Postgres",
    invariants: &["I1", "I3", "I4", "I5", "I6", "I8", "I13"],
    run: |options| run(options).boxed(),
};

/// What the network does, by the kind of a fault; [`FLAPPING`] is the one after these.
pub(super) const KINDS: [Network; 5] = [
    Network::Silent { there: true, back: true },
    Network::Cut,
    Network::Silent { there: false, back: true },
    Network::HalfOpen,
    Network::Silent { there: true, back: false },
];

/// The kind that changes between cut and whole.
pub(super) const FLAPPING: usize = KINDS.len();

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let lease = Duration::from_secs(options.pick(4, 15));
    let plan = scene::Plan { workers: options.pick(3, 5), lease, ..scene::Plan::default() };
    let dir = scene::folder(&options)?;
    let postgres = Postgres::start(&dir.path().join("postgres"), plan.connections, &plan.parameters).await?;
    let mut proxies = Vec::new();
    for number in 0..plan.workers {
        proxies.push(Proxy::start(postgres.port(), options.seed + number as u64).await?);
    }
    let urls: Vec<_> = proxies.iter().map(|proxy| postgres.url_by(proxy.port())).collect();
    let direct = postgres.url();
    let way = |part| match part {
        Part::Worker(number) => urls[number].clone(),
        Part::Server(_) => direct.clone(),
    };
    let scene = Scene::on(&options, &plan, dir, postgres, Some(&way)).await?;
    let load = load::Plan { rate: options.pick(50, 150), ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    scene.watched().await;

    // From a moment up to twice the lease.
    let longest = u64::try_from(lease.as_millis())? * options.pick(1, 2);
    let ranges =
        Ranges { pause: (300, 1_500), targets: plan.workers, length: (300, longest), kinds: FLAPPING + 1 };
    let random = &mut schedule::random(options.seed, "F7");
    let faults = schedule::draw(random, options.rounds(6, 60), ranges);
    outcome.figure("schedule", schedule::fingerprint(&faults));
    for fault in &faults {
        sleep(fault.pause).await;
        spoil(&proxies[fault.target], fault.kind, fault.length).await;
    }
    let connections: u64 = proxies.iter().map(Proxy::connections).sum();
    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    outcome.figure("faults", faults.len());
    outcome.figure("lost_leases", evidence.lost_leases());
    outcome.figure("connections_made", connections);
    Ok(outcome)
}

/// Spoils the network for a while.
pub(super) async fn spoil(proxy: &Proxy, kind: usize, length: Duration) {
    if let Some(network) = KINDS.get(kind) {
        proxy.set(*network);
        sleep(length).await;
    } else {
        // Flapping, once a second.
        let end = Instant::now() + length;
        while Instant::now() < end {
            proxy.set(Network::Cut);
            sleep(Duration::from_millis(500)).await;
            proxy.set(Network::Whole);
            sleep(Duration::from_millis(500)).await;
        }
    }
    proxy.set(Network::Whole);
}
