//! F16: no NOTIFY gets through, since the service may not send one: everything works by polling.

use anyhow::Result;
use futures::FutureExt;
use task_domain::Status;
use tokio::time::sleep;

use crate::case::{Case, End, finish};
use crate::clock;
use crate::figures::Outcome;
use crate::load::{self, Load};
use crate::options::Options;
use crate::postgres::Postgres;
use crate::scene::{self, Scene};
use crate::statistics::spread;

pub(super) const CASE: Case = Case {
    id: "F16",
    about: "no NOTIFY gets through, and nobody is told that none does",
    invariants: &["I1", "I3", "I4", "I8", "I9"],
    run: |options| run(options).boxed(),
};

/// A role that owns the database and may do all but notify.
const MUTE: &str = "create role mute login password 'mute'; alter database tasks owner to mute; \
    alter schema public owner to mute; revoke execute on function pg_notify(text, text) from public";

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let plan = scene::Plan::default();
    let dir = scene::folder(&options)?;
    let postgres = Postgres::start(&dir.path().join("postgres"), plan.connections, &plan.parameters).await?;
    sqlx::raw_sql(MUTE).execute(&mut postgres.connect().await?).await?;
    let url = postgres.url_as("mute", "mute");
    let way = |_| url.clone();
    let scene = Scene::on(&options, &plan, dir, postgres, Some(&way)).await?;
    let load = load::Plan { rate: options.pick(20, 60), ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    sleep(options.time(8, 60)).await;
    let mut check = scene.postgres.connect_to(&url).await?;
    let told = sqlx::query("select pg_notify('task_ready', '')").execute(&mut check).await;
    outcome.must(told.is_err(), || "the service may notify after all".to_owned());
    drop(check);

    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    let waits = evidence.tasks.values().filter_map(|task| {
        let (created, next) = (task.changes.first()?, task.changes.get(1)?);
        (next.status == Status::Running).then(|| clock::millis(created.at, next.at))
    });
    outcome.figure("pickup", spread(waits.collect()));
    Ok(outcome)
}
