//! F30: `PgBouncer` in transaction mode stands between everything and Postgres, which is killed meanwhile.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::FutureExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::case::{Case, End, finish};
use crate::figures::Outcome;
use crate::load::{self, Load};
use crate::options::Options;
use crate::postgres::{DATABASE, Postgres};
use crate::process::Process;
use crate::scene::{self, Scene};

pub(super) const CASE: Case = Case {
    id: "F30",
    about: "PgBouncer in transaction mode between all parts and Postgres, and kill -9 behind it",
    invariants: &["I1", "I2", "I3", "I4", "I5", "I8", "I9", "I13"],
    run: |options| run(options).boxed(),
};

/// Where packages put it, which is not always in `PATH`.
const PLACES: [&str; 3] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
/// Tells server and worker that sessions are not theirs alone.
const POOLED: &str = "--pooled";

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let flag = || vec![POOLED.to_owned()];
    let plan = scene::Plan { server_options: flag(), worker_options: flag(), ..scene::Plan::default() };
    let dir = scene::folder(&options)?;
    let postgres = Postgres::start(&dir.path().join("postgres"), plan.connections, &plan.parameters).await?;
    migrate(&options, dir.path(), postgres.url()).await?;
    let (_pooler, port) = pooler(dir.path(), &postgres).await?;
    let url = postgres.url_by(port);
    let way = |_| url.clone();
    let mut scene = Scene::on(&options, &plan, dir, postgres, Some(&way)).await?;
    let load = load::Plan { rate: options.pick(40, 100), ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    for _ in 0..options.rounds(1, 10) {
        sleep(Duration::from_secs(3)).await;
        scene.postgres.kill().await?;
        outcome.totals.postgres_kills += 1;
        scene.postgres.restart().await?;
    }
    sleep(options.time(3, 60)).await;
    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    outcome.figure("false_rescues", evidence.lost_leases());
    Ok(outcome)
}

/// Migrations take locks of their session's, so they go past the pooler.
async fn migrate(options: &Options, dir: &Path, url: String) -> Result<()> {
    let (program, log) = (options.programs.server(), dir.join("migrate.log"));
    let variables = [("DATABASE_URL", url)];
    let mut process = Process::start("migrate", &program, &["migrate".to_owned()], &variables, &log)?;
    let status = process.end(Duration::from_secs(30)).await?;
    if !status.success() {
        bail!("`task-server migrate` ended with {status}; it said: {}", process.said());
    }
    Ok(())
}

/// Starts `PgBouncer` before a Postgres; says on which port.
async fn pooler(dir: &Path, postgres: &Postgres) -> Result<(Process, u16)> {
    let program = PLACES.iter().map(Path::new).find(|place| place.exists());
    let program = program.context("PgBouncer is missing: `make bootstrap` installs it")?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let (role, password) = postgres.login()?;
    let users = dir.join("pooler-users.txt");
    std::fs::write(&users, format!("\"{role}\" \"{password}\"\n"))?;
    let settings = dir.join("pooler.ini");
    let text = format!(
        "[databases]\n\
         {DATABASE} = host=127.0.0.1 port={} dbname={DATABASE}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = scram-sha-256\n\
         auth_file = {}\n\
         pool_mode = transaction\n\
         default_pool_size = 20\n\
         max_client_conn = 500\n\
         server_login_retry = 1\n\
         ignore_startup_parameters = extra_float_digits\n",
        postgres.port(),
        users.display()
    );
    std::fs::write(&settings, text)?;
    let mut arguments = vec![settings.display().to_string()];
    // It refuses to run as root, and steps down by itself.
    if nix::unistd::Uid::effective().is_root() {
        arguments.extend(["-u".to_owned(), "postgres".to_owned()]);
    }
    let mut process = Process::start("pooler", program, &arguments, &[], &dir.join("pooler.log"))?;
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if process.has_ended()? || Instant::now() >= end {
            bail!("PgBouncer did not start; it said: {}", process.said());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok((process, port))
}
