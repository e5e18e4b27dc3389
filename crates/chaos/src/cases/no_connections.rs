//! F11: all of Postgres's connections are taken by others, and then all workers start at once.

use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};

use crate::case::{Case, End, finish};
use crate::figures::Outcome;
use crate::load::{self, Load};
use crate::options::Options;
use crate::postgres::Postgres;
use crate::proxy::Proxy;
use crate::scene::{self, Scene};

pub(super) const CASE: Case = Case {
    id: "F11",
    about: "no connection left at Postgres while every worker starts anew",
    invariants: &["I1", "I3", "I4", "I5", "I8", "I11"],
    run: |options| run(options).boxed(),
};

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let plan = scene::Plan {
        workers: options.pick(4, 20),
        connections: options.pick(60, 200),
        lease: Duration::from_secs(3),
        ..scene::Plan::default()
    };
    let dir = scene::folder(&options)?;
    let postgres = Postgres::start(&dir.path().join("postgres"), plan.connections, &plan.parameters).await?;
    let proxy = Proxy::start(postgres.port(), options.seed).await?;
    let url = postgres.url_by(proxy.port());
    let way = |_| url.clone();
    let mut scene = Scene::on(&options, &plan, dir, postgres, Some(&way)).await?;
    let load = load::Plan { rate: options.pick(40, 150), ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    scene.watched().await;

    let mut peak = 0;
    for _ in 0..options.rounds(2, 20) {
        sleep(Duration::from_secs(1)).await;
        for place in 0..scene.workers.len() {
            scene.workers[place].process.kill().await?;
            outcome.totals.worker_kills += 1;
        }
        let taken = take_all(&scene).await;
        outcome.must(!taken.is_empty(), || "no connection was left to be taken".to_owned());
        for place in 0..scene.workers.len() {
            scene.replace_worker(place)?;
        }
        // What is asked for each second while there is nothing to be had.
        let end = Instant::now() + options.time(3, 10);
        while Instant::now() < end {
            let before = proxy.connections();
            sleep(Duration::from_secs(1)).await;
            peak = peak.max(proxy.connections() - before);
        }
        drop(taken);
        for worker in &mut scene.workers {
            worker.ready().await?;
        }
    }
    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    outcome.figure("connects_a_second_peak", peak);
    outcome.figure("lost_leases", evidence.lost_leases());
    Ok(outcome)
}

/// Connects until Postgres takes no more.
async fn take_all(scene: &Scene) -> Vec<PgConnection> {
    let mut taken = Vec::new();
    while let Ok(connection) = scene.postgres.connect().await {
        taken.push(connection);
    }
    taken
}
