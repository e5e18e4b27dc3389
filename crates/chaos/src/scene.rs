//! Everything that a case runs on: a Postgres, servers and workers, each a process of its own, in a
//! folder that is kept where something went wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use nix::sys::statvfs::statvfs;
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::time::{Instant, sleep_until};

use crate::options::Options;
use crate::postgres::Postgres;
use crate::server::Server;
use crate::worker::{self, Worker};

/// A server takes work back from a worker whose lease ran out only once it has watched the database for
/// as long as that lease, and a little for the watch to begin: what happens before is no measure.
const WATCHING: Duration = Duration::from_millis(1_500);

/// What is started.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) servers: usize,
    pub(crate) workers: usize,
    pub(crate) slots: usize,
    pub(crate) lease: Duration,
    pub(crate) grace: Duration,
    pub(crate) connections: u32,
    pub(crate) parameters: Vec<(&'static str, &'static str)>,
    pub(crate) server_options: Vec<String>,
    pub(crate) worker_options: Vec<String>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            servers: 1,
            workers: 2,
            slots: 20,
            lease: Duration::from_secs(15),
            grace: Duration::from_secs(5),
            connections: 300,
            parameters: Vec::new(),
            server_options: Vec::new(),
            worker_options: Vec::new(),
        }
    }
}

/// How processes reach the database: by its own address, unless a case puts something between.
pub(crate) type Way<'a> = &'a (dyn Fn(Part) -> String + Send + Sync);

/// Who asks for the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The server of this number.
    Server(usize),
    /// The worker of this number.
    Worker(usize),
}

/// Everything that runs. Processes are killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) workers: Vec<Worker>,
    pub(crate) servers: Vec<Server>,
    pub(crate) postgres: Postgres,
    /// Asks the database directly.
    pub(crate) pool: PgPool,
    pub(crate) worker_plan: worker::Plan,
    /// Logs of workers that were replaced count as well.
    retired: Vec<Worker>,
    watched_from: Instant,
    next_worker: usize,
    dir: TempDir,
}

impl Scene {
    /// Starts everything, each process with its own way to the database.
    pub(crate) async fn start(options: &Options, plan: &Plan) -> Result<Self> {
        let dir = folder(options)?;
        let postgres =
            Postgres::start(&dir.path().join("postgres"), plan.connections, &plan.parameters).await?;
        Self::on(options, plan, dir, postgres, None).await
    }

    /// Starts servers and workers on a Postgres that is there, in a folder of [`folder`].
    pub(crate) async fn on(
        options: &Options,
        plan: &Plan,
        dir: TempDir,
        postgres: Postgres,
        way: Option<Way<'_>>,
    ) -> Result<Self> {
        let worker_plan = worker::Plan {
            program: options.programs.cli(),
            slots: plan.slots,
            lease: plan.lease,
            grace: plan.grace,
            extra: plan.worker_options.clone(),
            dir: dir.path().to_owned(),
        };
        let pool = postgres.pool()?;
        let mut scene = Self {
            workers: Vec::new(),
            servers: Vec::new(),
            pool,
            worker_plan,
            retired: Vec::new(),
            watched_from: Instant::now(),
            next_worker: 0,
            dir,
            postgres,
        };
        let direct = scene.postgres.url();
        let url = |part| way.map_or_else(|| direct.clone(), |way| way(part));
        for number in 0..plan.servers {
            let program = options.programs.server();
            let (url, extra) = (url(Part::Server(number)), &plan.server_options);
            scene.servers.push(Server::start(program, number, url, extra, scene.dir.path()).await?);
        }
        scene.watched_from = Instant::now() + plan.lease + WATCHING;
        for number in 0..plan.workers {
            let worker = scene.start_worker(url(Part::Worker(number)))?;
            scene.workers.push(worker);
        }
        for worker in &mut scene.workers {
            worker.ready().await?;
        }
        Ok(scene)
    }

    /// Where clients find the servers.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.servers.iter().map(Server::address).collect()
    }

    /// The folder of this run's files.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Waits until the servers have watched the database for long enough to judge workers lost.
    pub(crate) async fn watched(&self) {
        sleep_until(self.watched_from).await;
    }

    /// Starts one more worker under a new name.
    pub(crate) fn start_worker(&mut self, database: String) -> Result<Worker> {
        self.next_worker += 1;
        Worker::start(&self.worker_plan, self.next_worker, database)
    }

    /// Puts a new worker in the place of one, which is returned by its place among the retired.
    pub(crate) fn replace_worker(&mut self, place: usize) -> Result<usize> {
        let fresh = self.start_worker(self.workers[place].database.clone())?;
        self.retired.push(std::mem::replace(&mut self.workers[place], fresh));
        Ok(self.retired.len() - 1)
    }

    /// A worker that was replaced.
    pub(crate) fn retired(&self, place: usize) -> &Worker {
        &self.retired[place]
    }

    /// Every worker there is and was.
    pub(crate) fn all_workers(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().chain(&self.retired)
    }

    /// Keeps the folder with logs and journals, and says where it is.
    pub(crate) fn keep(self) -> PathBuf {
        let Self { workers, servers, dir, .. } = self;
        drop((workers, servers));
        dir.keep()
    }

    /// Stops everything in good order.
    pub(crate) async fn stop(self) -> Result<()> {
        let Self { workers, servers, postgres, pool, .. } = self;
        drop((workers, servers));
        pool.close().await;
        postgres.stop().await
    }
}

/// A folder for one case: on the disk at full scale, in memory otherwise, where there is room.
pub(crate) fn folder(options: &Options) -> Result<TempDir> {
    let root = options.pick(if has_room(MEMORY) { MEMORY } else { DISK }, DISK);
    let dir = tempfile::Builder::new().prefix("task-chaos-").tempdir_in(root)?;
    // A server that root starts runs as another user, which has to get to its data.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(dir.path(), mode)?;
    Ok(dir)
}

/// Files made here live in memory (on Linux).
const MEMORY: &str = "/dev/shm";
/// Not `/tmp`, which may be in memory as well, where fsync costs nothing.
const DISK: &str = "/var/tmp";
/// Two cases at once take less than half of it.
const ROOM: u64 = 2 << 30;

fn has_room(dir: &str) -> bool {
    statvfs(dir).is_ok_and(|found| found.blocks_available() * found.fragment_size() >= ROOM)
}
