//! F16: no NOTIFY gets through: it is switched off, or, worse, the service may not send one and everybody
//! believes that they hear.

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
    let mut outcome = quiet(&options, true).await?;
    let refused = quiet(&options, false).await?;
    outcome.totals.add(&refused.totals);
    outcome.violations.extend(refused.violations);
    let figures = refused.figures.into_iter().map(|(name, value)| (format!("refused_{name}"), value));
    outcome.figures.extend(figures);
    Ok(outcome)
}

/// Runs a while without hints: switched off, or refused.
async fn quiet(options: &Options, switched_off: bool) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let flags = || if switched_off { vec!["--no-notify".to_owned()] } else { Vec::new() };
    let plan = scene::Plan { server_options: flags(), worker_options: flags(), ..scene::Plan::default() };
    let dir = scene::folder(options)?;
    let postgres = Postgres::start(&dir.path().join("postgres"), plan.connections, &plan.parameters).await?;
    let mut url = postgres.url();
    if !switched_off {
        sqlx::raw_sql(MUTE).execute(&mut postgres.connect().await?).await?;
        url = postgres.url_as("mute", "mute");
        let mut check = postgres.connect_to(&url).await?;
        let told = sqlx::query("select pg_notify('task_ready', '')").execute(&mut check).await;
        outcome.must(told.is_err(), || "the service may notify after all".to_owned());
    }
    let way = |_| url.clone();
    let scene = Scene::on(options, &plan, dir, postgres, Some(&way)).await?;
    let load = load::Plan { rate: options.pick(20, 60), ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    sleep(options.time(6, 60)).await;

    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    let waits = evidence.tasks.values().filter_map(|task| {
        let (created, next) = (task.changes.first()?, task.changes.get(1)?);
        (next.status == Status::Running).then(|| clock::millis(created.at, next.at))
    });
    outcome.figure("pickup", spread(waits.collect()));
    Ok(outcome)
}
