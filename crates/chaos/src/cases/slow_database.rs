//! F10: the database answers slowly, and stalls for a second now and then.

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
use crate::scene::{self, Scene};
use crate::statistics::spread;

pub(super) const CASE: Case = Case {
    id: "F10",
    about: "a database that takes 20 to 60 ms for each piece and stalls for a second now and then",
    invariants: &["I1", "I3", "I5", "I8", "I9"],
    run: |options| run(options).boxed(),
};

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let plan = scene::Plan::default();
    let dir = scene::folder(&options)?;
    let postgres = Postgres::start(&dir.path().join("postgres"), plan.connections, &plan.parameters).await?;
    let proxy = Proxy::start(postgres.port(), options.seed).await?;
    let url = postgres.url_by(proxy.port());
    let way = |_| url.clone();
    let scene = Scene::on(&options, &plan, dir, postgres, Some(&way)).await?;
    let load = load::Plan { rate: options.pick(40, 100), ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    scene.watched().await;
    let end = Instant::now() + options.time(8, 120);
    while Instant::now() < end {
        proxy.set(Network::Slow { from: 20, to: 60 });
        sleep(Duration::from_secs(3)).await;
        proxy.set(Network::Silent { there: true, back: true });
        sleep(Duration::from_secs(1)).await;
    }
    proxy.set(Network::Whole);
    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    outcome.figure("create", spread(evidence.log.took.iter().map(|(_, took)| *took).collect()));
    let rescues = evidence.lost_leases();
    outcome.figure("false_rescues", rescues);
    outcome.must(rescues == 0, || format!("I5: {rescues} tasks were taken from workers that were there"));
    Ok(outcome)
}
