//! The whole worker on a real Postgres: claim, execute, retry, record, drain.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use task_domain::ports::{Operate, Read, Submit};
use task_domain::{HistoryEntry, Kind, NewTask, Retries, RetryPolicy, Status, TaskId};
use task_plugin::{Context, Error, Outcome, Parameters, Plugin, Registry};
use task_store::{Settings, Store};
use task_testing::{Database, eventually, new_task, new_task_with};
use task_worker::{Options, run};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const LIMIT: Duration = Duration::from_secs(40);

/// Fails until its third attempt.
struct ThirdTime;

impl Plugin for ThirdTime {
    async fn run(&self, context: Context, _: Parameters) -> Result<Outcome, Error> {
        match context.attempt() {
            3 => Outcome::done(&"at last"),
            attempt => Err(Error::retry(format!("attempt {attempt} failed"))),
        }
    }
}

struct Never;

impl Plugin for Never {
    async fn run(&self, _: Context, parameters: Parameters) -> Result<Outcome, Error> {
        if parameters.as_str().contains("final") {
            return Err(Error::give_up("no use"));
        }
        Err(Error::retry("never"))
    }
}

/// Runs until released; counts starts.
#[derive(Clone, Default)]
struct Gate {
    started: Arc<AtomicUsize>,
    release: Arc<Notify>,
}

impl Plugin for Gate {
    async fn run(&self, _: Context, _: Parameters) -> Result<Outcome, Error> {
        self.started.fetch_add(1, SeqCst);
        self.release.notified().await;
        Ok(Outcome::DONE)
    }
}

impl Gate {
    async fn started(&self, count: usize) {
        eventually("attempts have started", LIMIT, async || {
            let seen = self.started.load(SeqCst);
            if seen >= count { Ok(()) } else { Err(format!("{seen} of {count}")) }
        })
        .await;
    }
}

struct Scene {
    store: Store,
    database: Database,
    gate: Gate,
}

struct Worker {
    stop: CancellationToken,
    ended: JoinHandle<Result<(), task_worker::Error>>,
}

impl Worker {
    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(LIMIT, self.ended).await.expect("the worker ends").unwrap().unwrap();
    }
}

impl Scene {
    async fn new() -> Self {
        Self::on(Database::new().await)
    }

    fn on(database: Database) -> Self {
        let store = Store::new(Settings::new(&database.url()).unwrap());
        Self { store, database, gate: Gate::default() }
    }

    fn options(&self) -> Options {
        let mut options = Options::new(Settings::new(&self.database.url()).unwrap());
        let quick = Duration::from_millis(20);
        options.retry = RetryPolicy::new(quick, quick).unwrap();
        options
    }

    fn worker(&self) -> Worker {
        self.worker_with(self.options())
    }

    fn worker_with(&self, options: Options) -> Worker {
        let plugins = Registry::new()
            .with("third_time", ThirdTime)
            .with("never", Never)
            .with("gate", self.gate.clone());
        let stop = CancellationToken::new();
        let ended = tokio::spawn(run(options, plugins, Arc::new(|_| ()), stop.clone()));
        Worker { stop, ended }
    }

    async fn create(&self, task: NewTask) -> TaskId {
        eventually("a task is stored", LIMIT, async || {
            self.store.submit(vec![task.clone()]).await.remove(0).map(|created| created.id)
        })
        .await
    }

    async fn ends(&self, id: TaskId) -> Status {
        self.reaches(id, Status::is_terminal).await
    }

    async fn reaches(&self, id: TaskId, wanted: impl Fn(Status) -> bool) -> Status {
        eventually("the task gets there", LIMIT, async || match self.store.get(id).await {
            Ok(task) if wanted(task.summary.status) => Ok(task.summary.status),
            Ok(task) => Err(format!("it is {}", task.summary.status)),
            Err(error) => Err(error.to_string()),
        })
        .await
    }

    async fn history(&self, id: TaskId) -> Vec<HistoryEntry> {
        self.store.history(id, None, 100).await.unwrap()
    }

    async fn check(&self) {
        task_testing::oracle(&self.database.pool()).await.expect("a consistent database");
    }
}

fn statuses(history: &[HistoryEntry]) -> Vec<&'static str> {
    history.iter().map(|entry| entry.status.as_str()).collect()
}

/// Its own commit tells where it waits, and the worker claims it there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_comes_alone_is_claimed_where_it_waits() {
    /// Longer than there must have been no hint for one to go with a commit.
    const WHILE: Duration = Duration::from_millis(100);
    let scene = Scene::new().await;
    let worker = scene.worker();
    eventually("a task is claimed where it waits", LIMIT, async || {
        tokio::time::sleep(WHILE).await;
        let id = scene.create(new_task_with("never", "alone", r#"{"this is":"final"}"#)).await;
        scene.ends(id).await;
        let sql =
            "select count(*) from pg_stat_activity where query like '%where lane_id = $2 and line_at = $3%'
            and pid <> pg_backend_pid() and datname = current_database()";
        let claims: i64 = sqlx::query_scalar(sql).fetch_one(&scene.database.pool()).await.unwrap();
        if claims > 0 { Ok(()) } else { Err("it was found by a look at all") }
    })
    .await;
    worker.stop().await;
    scene.check().await;
}

#[tokio::test]
async fn a_task_that_fails_is_retried_until_it_succeeds() {
    let scene = Scene::new().await;
    let worker = scene.worker();
    let id = scene.create(new_task("third_time", "try")).await;
    assert_eq!(scene.ends(id).await, Status::Succeeded);
    let history = scene.history(id).await;
    let expected = ["PENDING", "RUNNING", "RETRYING", "RUNNING", "RETRYING", "RUNNING", "SUCCEEDED"];
    assert_eq!(statuses(&history), expected);
    assert_eq!(history[2].details.as_deref(), Some("attempt 1 failed"));
    assert_eq!(scene.store.get(id).await.unwrap().result.unwrap().as_str(), r#""at last""#);
    worker.stop().await;
    scene.check().await;
}

#[tokio::test]
async fn a_task_that_never_succeeds_fails_after_its_retries() {
    let scene = Scene::new().await;
    let worker = scene.worker();
    let mut task = new_task("never", "hopeless");
    task.retries = Retries::new(2).unwrap();
    let id = scene.create(task).await;
    assert_eq!(scene.ends(id).await, Status::Failed);
    assert_eq!(scene.history(id).await.iter().filter(|e| e.status == Status::Running).count(), 3);
    let id = scene.create(new_task_with("never", "final", r#"{"how":"final"}"#)).await;
    assert_eq!(scene.ends(id).await, Status::Failed);
    assert_eq!(statuses(&scene.history(id).await), ["PENDING", "RUNNING", "FAILED"]);
    worker.stop().await;
    scene.check().await;
}

#[tokio::test]
async fn a_type_that_nobody_runs_waits_and_the_worker_list_says_why() {
    let scene = Scene::new().await;
    let worker = scene.worker();
    let unknown = scene.create(new_task("nobody", "waits")).await;
    let known = scene.create(new_task("third_time", "runs")).await;
    scene.ends(known).await;
    assert_eq!(scene.store.get(unknown).await.unwrap().summary.status, Status::Pending);
    let workers = scene.store.workers().await.unwrap();
    let kinds: Vec<_> = workers[0].info.kinds.iter().map(Kind::as_str).collect();
    assert_eq!(kinds, ["gate", "never", "third_time"]);
    worker.stop().await;
    assert_eq!(scene.store.workers().await.unwrap(), []);
}

#[tokio::test]
async fn a_stop_waits_for_what_runs_and_gives_back_the_rest() {
    let scene = Scene::new().await;
    let mut options = scene.options();
    options.slots = 1;
    options.grace = Duration::from_millis(300);
    let worker = scene.worker_with(options);
    let running = scene.create(new_task("gate", "runs")).await;
    scene.gate.started(1).await;
    let waiting = scene.create(new_task("gate", "waits")).await;
    worker.stop().await;
    for id in [running, waiting] {
        let task = scene.store.get(id).await.unwrap().summary;
        assert_eq!(task.status, Status::Pending);
    }
    let last = scene.history(running).await.pop().unwrap();
    assert_eq!(last.details.as_deref(), Some("its worker was stopped"));
    // The attempt was not spent: it is the first one again.
    scene.gate.release.notify_waiters();
    let worker = scene.worker();
    scene.gate.started(3).await;
    assert_eq!(scene.store.get(running).await.unwrap().summary.attempt, 1);
    for _ in 0..2 {
        scene.gate.release.notify_one();
    }
    assert_eq!(scene.ends(running).await, Status::Succeeded);
    assert_eq!(scene.ends(waiting).await, Status::Succeeded);
    worker.stop().await;
    scene.check().await;
}

#[tokio::test]
async fn what_ends_within_the_grace_period_is_recorded() {
    let scene = Scene::new().await;
    let worker = scene.worker();
    let id = scene.create(new_task("gate", "runs")).await;
    scene.gate.started(1).await;
    worker.stop.cancel();
    scene.gate.release.notify_one();
    worker.stop().await;
    assert_eq!(scene.store.get(id).await.unwrap().summary.status, Status::Succeeded);
    scene.check().await;
}

#[tokio::test]
async fn cancelling_stops_what_runs() {
    let scene = Scene::new().await;
    let mut options = scene.options();
    options.slots = 1;
    let worker = scene.worker_with(options);
    let id = scene.create(new_task("gate", "cancelled")).await;
    scene.gate.started(1).await;
    scene.store.cancel(id, None).await.unwrap();
    // Its slot is free again.
    let next = scene.create(new_task("third_time", "next")).await;
    assert_eq!(scene.ends(next).await, Status::Succeeded);
    assert_eq!(scene.store.get(id).await.unwrap().summary.status, Status::Cancelled);
    worker.stop().await;
    scene.check().await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_registers_anew() {
    let scene = Scene::new().await;
    let mut options = scene.options();
    options.lease_time = Duration::from_secs(1);
    let worker = scene.worker_with(options);
    let id = scene.create(new_task("gate", "taken away")).await;
    scene.gate.started(1).await;
    sqlx::query("update task_worker set ended_at = now()").execute(&scene.database.pool()).await.unwrap();
    let fresh = Store::new(Settings::new(&scene.database.url()).unwrap());
    // By whoever is first: this one, or the worker when it learns of it.
    eventually("the task is taken back", LIMIT, async || {
        fresh.maintain().await.unwrap();
        if scene.history(id).await.len() > 2 { Ok(()) } else { Err("not yet") }
    })
    .await;
    // The same process, under a new name, starts it again.
    scene.gate.started(2).await;
    scene.gate.release.notify_one();
    scene.gate.release.notify_one();
    assert_eq!(scene.ends(id).await, Status::Succeeded);
    let workers: Vec<_> = scene.history(id).await.into_iter().filter_map(|e| e.worker).collect();
    assert_ne!(workers.first(), workers.last());
    worker.stop().await;
    scene.check().await;
}

#[tokio::test]
async fn all_goes_on_after_postgres_was_away() {
    let mut cluster = task_testing::own_cluster().await;
    let scene = Scene::on(cluster.database().await);
    let worker = scene.worker();
    let before = scene.create(new_task("gate", "runs meanwhile")).await;
    scene.gate.started(1).await;
    // A claim's commit does not wait for the disk; the next commit that does carries it along.
    scene.create(new_task("nobody", "flushes")).await;
    cluster.postgres.shut_down(task_embedded::Shutdown::Immediate).await.unwrap();
    // It ends while there is nobody to tell.
    scene.gate.release.notify_one();
    cluster.postgres.restart().await.unwrap();
    let after = scene.create(new_task("third_time", "comes after")).await;
    assert_eq!(scene.ends(before).await, Status::Succeeded);
    assert_eq!(scene.ends(after).await, Status::Succeeded);
    assert_eq!(scene.gate.started.load(SeqCst), 1, "the live worker kept its task");
    worker.stop().await;
    scene.check().await;
}

#[tokio::test]
async fn everything_passes_by_polling_alone() {
    let scene = Scene::new().await;
    let mut options = scene.options();
    options.database.notify = false;
    options.poll = Duration::from_millis(100);
    let worker = scene.worker_with(options);
    let id = scene.create(new_task("third_time", "polled")).await;
    assert_eq!(scene.ends(id).await, Status::Succeeded);
    worker.stop().await;
    scene.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_workers_share_a_backlog_and_each_task_runs_once() {
    let scene = Scene::new().await;
    let workers: Vec<_> = (0..3).map(|_| scene.worker()).collect();
    let mut ids = Vec::new();
    for _ in 0..4 {
        let batch = (0..500).map(|n| new_task("third_time", &n.to_string())).collect();
        ids.extend(scene.store.submit(batch).await.into_iter().map(|c| c.unwrap().id));
    }
    eventually("all have ended", LIMIT, async || {
        let counts = scene.store.counts(&[]).await.unwrap();
        let done = counts.values().filter_map(|c| c.get(&Status::Succeeded)).sum::<u64>();
        if done == 2_000 { Ok(()) } else { Err(format!("{done}")) }
    })
    .await;
    for worker in workers {
        worker.stop().await;
    }
    let runs: i64 = sqlx::query_scalar("select count(*) from task_history where status = 1")
        .fetch_one(&scene.database.pool())
        .await
        .unwrap();
    assert_eq!(runs, 6_000);
    scene.check().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_at_once() {
    let scene = Scene::new().await;
    let mut options = scene.options();
    options.kinds = vec![Kind::new("nothing").unwrap()];
    let error = scene.worker_with(options).ended.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("gate, never, third_time"), "{error}");
    let mut options = scene.options();
    options.slots = 0;
    assert!(scene.worker_with(options).ended.await.unwrap().unwrap_err().to_string().contains("concurrency"));
}
