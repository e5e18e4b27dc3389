//! F15: another session holds an old snapshot, so that nothing that is deleted can be cleaned up.

use anyhow::Result;
use futures::FutureExt;
use task_domain::Status;
use tokio::time::sleep;

use super::kill_postgres::ratio;
use crate::case::{Case, End, finish};
use crate::clock::{self, Micros};
use crate::evidence::Evidence;
use crate::figures::Outcome;
use crate::load::{self, Load, Mix};
use crate::options::{Options, Scale};
use crate::scene::{self, Scene};
use crate::statistics::spread;

pub(super) const CASE: Case = Case {
    id: "F15",
    about: "a snapshot held all along, so that vacuum can remove nothing",
    invariants: &["I1", "I3", "I4", "I8"],
    run: |options| run(options).boxed(),
};

/// Entries that vacuum cannot remove.
const DEAD: &str = "select coalesce(sum(n_dead_tup), 0)::bigint from pg_stat_user_tables \
    where relname in ('task_ready', 'task_running', 'task_delayed')";

/// Least share of the throughput from before.
const LEAST: f64 = 0.95;

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let plan = scene::Plan { slots: 100, ..scene::Plan::default() };
    let scene = Scene::start(&options, &plan).await?;
    let mix = Mix { least_ms: 0, usual_ms: 5, long_ms: 50, failing: 0 };
    let (clients, rate) = options.pick((8, 200), (64, 800));
    let load = load::Plan { clients, rate, mix, followed: 5, ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    let span = options.time(6, 600);

    // The first moments, in which connections are made, are no measure.
    sleep(span / 6).await;
    let begun = clock::now();
    sleep(span / 2).await;
    let before = (begun, clock::now());
    let mut holder = scene.postgres.connect().await?;
    sqlx::raw_sql("begin isolation level repeatable read; select count(*) from task")
        .execute(&mut holder)
        .await?;
    sleep(span / 2).await;
    let pinned = clock::now();
    sleep(span / 2).await;
    let during = (pinned, clock::now());
    let dead: i64 = sqlx::query_scalar(DEAD).fetch_one(&scene.pool).await?;
    sqlx::raw_sql("rollback").execute(&mut holder).await?;
    drop(holder);

    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    let ratio = ratio(&evidence.completions(), before, during);
    outcome.figure("throughput_pinned_to_free", ratio);
    outcome.figure("pickup_free", spread(pickups(&evidence, before)));
    outcome.figure("pickup_pinned", spread(pickups(&evidence, during)));
    outcome.figure("dead_entries", dead);
    // So small a sample shows no rate.
    outcome
        .must(options.scale == Scale::Small || ratio >= LEAST, || format!("I8: throughput fell to {ratio}"));
    Ok(outcome)
}

/// How long fresh tasks waited until a worker had them.
fn pickups(evidence: &Evidence, (from, to): (Micros, Micros)) -> Vec<i64> {
    let waits = evidence.tasks.values().filter_map(|task| {
        let (created, next) = (task.changes.first()?, task.changes.get(1)?);
        let counts = next.status == Status::Running && (from..to).contains(&created.at);
        counts.then(|| clock::millis(created.at, next.at))
    });
    waits.collect()
}
