//! F12: the primary is killed with SIGKILL, and its synchronous standby takes over; servers and workers
//! know both and find the new one by themselves.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use futures::FutureExt;
use tokio::time::{Instant, sleep};

use crate::case::{Case, End, finish};
use crate::clock::{self, Micros};
use crate::figures::Outcome;
use crate::load::{self, Load};
use crate::options::Options;
use crate::postgres::Postgres;
use crate::scene::{self, Scene};
use crate::schedule::{self, Ranges};
use crate::statistics::spread;

pub(super) const CASE: Case = Case {
    id: "F12",
    about: "kill -9 the primary, its synchronous standby takes over",
    invariants: &["I1", "I2", "I3", "I4", "I5", "I8", "I9", "I13"],
    run: |options| run(options).boxed(),
};

/// From here on nothing is acknowledged that the standby does not have.
const SYNCHRONOUS: &str = "alter system set synchronous_standby_names = '*'";
const RELOAD: &str = "select pg_reload_conf()";
const IS_SYNCHRONOUS: &str = "select exists (select from pg_stat_replication where sync_state = 'sync')";

/// Longest wait for a standby to be in step.
const IN_STEP: Duration = Duration::from_secs(30);

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let plan = scene::Plan::default();
    let dir = scene::folder(&options)?;
    let mut nodes = Nodes { dir: dir.path().to_owned(), next: 2, plan: plan.clone() };
    let postgres = Postgres::start(&nodes.dir.join("node-1"), plan.connections, &plan.parameters).await?;
    let second = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut standby = nodes.standby(&postgres, second).await?;
    // Both are named, in the form that libpq and others know.
    let url = postgres.url().replacen(
        &format!(":{}/", postgres.port()),
        &format!(":{},127.0.0.1:{second}/", postgres.port()),
        1,
    );
    let way = |_| url.clone();
    let mut scene = Scene::on(&options, &plan, dir, postgres, Some(&way)).await?;
    let load = load::Plan { rate: options.pick(60, 150), clients: 8, ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);

    let ranges = Ranges { pause: (1_000, 3_000), targets: 1, length: (0, 0), kinds: 1 };
    let random = &mut schedule::random(options.seed, "F12");
    let faults = schedule::draw(random, options.rounds(2, 100), ranges);
    outcome.figure("schedule", schedule::fingerprint(&faults));
    let (mut killed, mut writable): (Vec<Micros>, Vec<Micros>) = (Vec::new(), Vec::new());
    for fault in &faults {
        sleep(fault.pause).await;
        killed.push(clock::now());
        scene.postgres.kill().await?;
        standby.promote().await?;
        writable.push(clock::now());
        outcome.totals.failovers += 1;
        let old = std::mem::replace(&mut scene.postgres, standby);
        scene.pool = scene.postgres.pool()?;
        let port = old.port();
        // A hundred of them would fill a disk.
        old.remove().await?;
        // The old primary's place is taken by a new standby of the new one.
        standby = nodes.standby(&scene.postgres, port).await?;
    }
    sleep(Duration::from_secs(2)).await;
    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    drop(standby);
    let done = evidence.completions();
    let first =
        |at: &Micros| done.get(done.partition_point(|done| done < at)).map(|done| clock::millis(*at, *done));
    outcome.figure("failovers", faults.len());
    outcome.figure("killed_to_first_completion", spread(killed.iter().filter_map(first).collect()));
    outcome.figure("writable_to_first_completion", spread(writable.iter().filter_map(first).collect()));
    outcome.figure("false_rescues", evidence.lost_leases());
    Ok(outcome)
}

/// Makes standbys, each in a folder of its own.
struct Nodes {
    dir: PathBuf,
    next: u32,
    plan: scene::Plan,
}

impl Nodes {
    /// Starts a standby on a port and waits until commits wait for it.
    async fn standby(&mut self, primary: &Postgres, port: u16) -> Result<Postgres> {
        let folder = self.dir.join(format!("node-{}", self.next));
        self.next += 1;
        let standby = primary.standby(&folder, port, &self.plan).await?;
        let mut connection = primary.connect().await?;
        for statement in [SYNCHRONOUS, RELOAD] {
            sqlx::raw_sql(statement).execute(&mut connection).await?;
        }
        let begun = Instant::now();
        while !sqlx::query_scalar::<_, bool>(IS_SYNCHRONOUS).fetch_one(&mut connection).await? {
            if begun.elapsed() > IN_STEP {
                bail!("the standby was not in step after {IN_STEP:?}");
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(standby)
    }
}
