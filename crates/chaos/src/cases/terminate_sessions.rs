//! F4: sessions of the service are ended at random by `pg_terminate_backend`, ten a second.

use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use tokio::time::{Instant, interval};

use crate::case::{Case, End, finish};
use crate::figures::Outcome;
use crate::load::{self, Load};
use crate::options::Options;
use crate::scene::{self, Scene};

pub(super) const CASE: Case = Case {
    id: "F4",
    about: "pg_terminate_backend on sessions of the service, ten a second",
    invariants: &["I1", "I2", "I3", "I4", "I5", "I8", "I9", "I13"],
    run: |options| run(options).boxed(),
};

/// Ends the session at this place, counted round.
const TERMINATE: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
    where application_name <> 'chaos' and datname = current_database() and backend_type = 'client backend' \
    order by md5(pid::text || $1) limit 1";

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let scene = Scene::start(&options, &scene::Plan::default()).await?;
    let load = load::Plan { rate: options.pick(60, 200), ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    let end = Instant::now() + options.time(6, 300);
    let mut tick = interval(Duration::from_millis(100));
    let (mut ended, mut round) = (0u64, 0u64);
    while Instant::now() < end {
        tick.tick().await;
        round += 1;
        let draw = format!("{}-{round}", options.seed);
        let done: Option<bool> = sqlx::query_scalar(TERMINATE).bind(draw).fetch_optional(&scene.pool).await?;
        ended += u64::from(done == Some(true));
    }
    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    outcome.figure("sessions_ended", ended);
    outcome.figure("false_rescues", evidence.lost_leases());
    outcome.must(ended > 0, || "no session was ended".to_owned());
    Ok(outcome)
}
