//! F24: worker and server are told to stop with SIGTERM while all they have runs, and told twice.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::FutureExt;
use nix::sys::signal::Signal;
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tonic::transport::Endpoint;
use tonic::{Code, Status};

use crate::case::{Case, End, finish};
use crate::figures::Outcome;
use crate::load::{self, Load, Mix};
use crate::options::{Options, Scale};
use crate::process::Process;
use crate::scene::{self, Scene};

pub(super) const CASE: Case = Case {
    id: "F24",
    about: "SIGTERM with 100 running attempts and 1,000 watches; SIGTERM twice",
    invariants: &["I3", "I4", "I6", "I9"],
    run: |options| run(options).boxed(),
};

/// Tasks that run when the worker is told to stop.
const RUNNING: i64 = 100;
/// Watches of everything that are open when the server is told to stop.
const WATCHERS: usize = 1_000;
/// Watches on one connection.
const SHARING: usize = 100;
const GRACE: Duration = Duration::from_secs(1);
/// What a stop may take beyond its grace.
const BEYOND: Duration = Duration::from_secs(1);
/// Longest wait for an end of any kind.
const LIMIT: Duration = Duration::from_secs(30);

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let slots = usize::try_from(RUNNING)?;
    let lease = Duration::from_secs(3);
    let server_options = ["--shutdown-grace", "1"].map(str::to_owned).to_vec();
    let plan =
        scene::Plan { workers: 1, slots, lease, grace: GRACE, server_options, ..scene::Plan::default() };
    let mut scene = Scene::start(&options, &plan).await?;
    let mix = Mix { least_ms: 5_000, usual_ms: 5_000, long_ms: 5_000, failing: 0 };
    let load = load::Plan {
        clients: 10,
        rate: 1_000,
        most: RUNNING.unsigned_abs() / 10,
        mix,
        followed: options.pick(50, 100),
    };
    let load = Load::start(scene.addresses(), &load, options.seed);
    running(&scene).await?;

    // A worker in the middle of it all.
    let took = stopped(&mut outcome, "worker", &mut scene.workers[0].process).await?;
    outcome.figure("worker_stopped_ms", took);
    within(&mut outcome, &options, "the worker", took);
    let held: i64 = sqlx::query_scalar("select count(*) from task_running").fetch_one(&scene.pool).await?;
    outcome.must(held == 0, || format!("I6: {held} leases are left after the worker's end"));
    let burned: i64 =
        sqlx::query_scalar("select count(*) from task_execution where status = 'PENDING' and attempt > 0")
            .fetch_one(&scene.pool)
            .await?;
    outcome.must(burned == 0, || format!("I6: {burned} tasks lost an attempt to the worker's end"));

    // Another one, told twice: it leaves its tasks to the lease.
    scene.replace_worker(0)?;
    scene.workers[0].ready().await?;
    running(&scene).await?;
    let worker = &mut scene.workers[0].process;
    let begun = Instant::now();
    worker.signal(Signal::SIGTERM)?;
    heard(worker).await?;
    worker.signal(Signal::SIGTERM)?;
    let status = worker.end(LIMIT).await?;
    outcome.figure("told_twice_ms", u64::try_from(begun.elapsed().as_millis())?);
    outcome.must(!status.success() && status.signal().is_none(), || {
        format!("F24: a worker that was told twice ended with {status}")
    });
    scene.watched().await;

    // The server, with its watches open; whoever watches resumes on its successor.
    let watchers = watchers(&scene.servers[0].address()).await?;
    let took = stopped(&mut outcome, "server", &mut scene.servers[0].process).await?;
    outcome.figure("server_stopped_ms", took);
    within(&mut outcome, &options, "the server", took);
    let told = timeout(LIMIT, watchers.join_all()).await.context("a watch outlived its server")?;
    let told = told.into_iter().filter(|status| status.code() == Code::Unavailable).count();
    outcome.figure("watches_told_to_resume", told);
    outcome.must(told == WATCHERS, || format!("I9: {told} of {WATCHERS} watches were told to resume"));
    scene.servers[0].again()?;
    scene.servers[0].ready(LIMIT).await?;
    scene.replace_worker(0)?;
    let evidence = finish(&mut outcome, scene, load, End::default()).await?;
    outcome.figure("lost_leases", evidence.lost_leases());
    Ok(outcome)
}

/// Opens watches of everything, which come to what the server ends them with.
async fn watchers(address: &str) -> Result<JoinSet<Status>> {
    let mut watchers = JoinSet::new();
    let endpoint = Endpoint::from_shared(address.to_owned())?;
    let mut channel = endpoint.connect().await?;
    for place in 1..=WATCHERS {
        if place % SHARING == 0 {
            channel = endpoint.connect().await?;
        }
        let mut client = TaskServiceClient::new(channel.clone());
        let mut watch = client.watch_tasks(v1::WatchTasksRequest::default()).await?.into_inner();
        // It is open once it says something.
        watch.message().await?;
        watchers.spawn(async move {
            loop {
                match watch.message().await {
                    Ok(Some(_)) => {}
                    Ok(None) => return Status::ok("ended without a word"),
                    Err(status) => return status,
                }
            }
        });
    }
    Ok(watchers)
}

/// Waits until everything runs.
async fn running(scene: &Scene) -> Result<()> {
    let begun = Instant::now();
    loop {
        let count: i64 =
            sqlx::query_scalar("select count(*) from task_running").fetch_one(&scene.pool).await?;
        if count >= RUNNING {
            return Ok(());
        }
        if begun.elapsed() > LIMIT {
            bail!("{count} of {RUNNING} tasks run");
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Tells a process to stop; the milliseconds until its end.
async fn stopped(outcome: &mut Outcome, what: &str, process: &mut Process) -> Result<u64> {
    let begun = Instant::now();
    process.signal(Signal::SIGTERM)?;
    let status = process.end(LIMIT).await?;
    outcome.must(status.success(), || format!("F24: the {what} ended with {status}"));
    Ok(u64::try_from(begun.elapsed().as_millis())?)
}

/// Waits until a worker says that it was told to stop: two signals at once may be seen as one.
async fn heard(worker: &mut Process) -> Result<()> {
    worker.hears("Stopping", LIMIT).await
}

/// The promise is grace and a second; a test beside others on a busy machine only shows that there is an
/// end.
fn within(outcome: &mut Outcome, options: &Options, who: &str, took: u64) {
    let limit = if options.scale == Scale::Full { GRACE + BEYOND } else { LIMIT };
    outcome.must(Duration::from_millis(took) <= limit, || format!("F24: {who} took {took} ms to stop"));
}
