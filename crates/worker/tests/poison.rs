//! Outcomes that Postgres cannot store, or nobody would want to: each ends its own task with a
//! sentence, and costs no other task anything.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use task_domain::ports::{Claim, Read, Submit};
use task_domain::{
    Decision, Kind, Retries, RetryPolicy, Settled, Status, TaskId, TaskResult, Verdict, WorkerInfo, limits,
};
use task_pipeline::{Capacity, RecordLayer};
use task_plugin::{Context, Error, Outcome, Parameters, Plugin, Registry};
use task_store::{Session, SessionSettings, Settings, Store};
use task_testing::{Database, eventually, new_task, new_task_with};
use task_worker::{Options, run};
use tokio_util::sync::CancellationToken;
use tower::Layer;

const LIMIT: Duration = Duration::from_secs(40);
/// What an outcome is replaced by that cannot be stored.
const REPLACED: &str = "its outcome could not be stored";

/// Ends as its payload's `n` says, by the table below.
struct Poisoner;

impl Plugin for Poisoner {
    async fn run(&self, _: Context, parameters: Parameters) -> Result<Outcome, Error> {
        #[derive(serde::Deserialize)]
        struct Asked {
            n: usize,
        }
        (outcomes()[parameters.read::<Asked>()?.n].1)()
    }
}

type End = fn() -> Result<Outcome, Error>;
/// A status and what the details hold, or nothing for a task with a result.
type Told = (Status, &'static str);

fn raw(text: &str) -> Outcome {
    Outcome::Done(Some(TaskResult::from_store(text)))
}

/// Every class of outcome, and what becomes of a task without retries.
fn outcomes() -> Vec<(&'static str, End, Told)> {
    use Status::{Failed, Succeeded};
    vec![
        ("a text", || Outcome::done(&"fine"), (Succeeded, "")),
        ("a text with NUL", || Outcome::done(&"a\0b"), (Failed, "NUL")),
        ("a list deeper than 64", || Outcome::done(&deep(65)), (Failed, "deeper than 64")),
        ("5 MiB", || Outcome::done(&"x".repeat(5 << 20)), (Failed, "262144 are allowed")),
        (
            "a key twice",
            || TaskResult::new(r#"{"a":1,"a":2}"#).map(|r| Outcome::Done(Some(r))).map_err(Error::from),
            (Failed, "twice"),
        ),
        ("NUL, unchecked", || Ok(raw("\"a\0b\"")), (Failed, REPLACED)),
        ("5 MiB, unchecked", || Ok(raw(&format!("\"{}\"", "x".repeat(5 << 20)))), (Succeeded, "")),
        (
            "depth 5,000, unchecked",
            || Ok(raw(&format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)))),
            (Succeeded, ""),
        ),
        ("no JSON, unchecked", || Ok(raw("{\"a\":")), (Succeeded, "")),
        ("empty, unchecked", || Ok(raw("")), (Succeeded, "")),
        ("an error with NUL", || Err(Error::give_up("a\0b")), (Failed, "a\u{fffd}b")),
        ("an empty error", || Err(Error::give_up("")), (Failed, "without a message")),
        ("an error of 5 MiB", || Err(Error::give_up("x".repeat(5 << 20))), (Failed, "(cut)")),
        ("an error of signs", || Err(Error::give_up("\u{202e}\u{85}\x1b[31m\r\n")), (Failed, "\x1b[31m")),
        (
            "an error of many bytes a letter",
            || Err(Error::retry("\u{10ffff}".repeat(20_000))),
            (Failed, "(cut)"),
        ),
        ("a panic", || panic!("at the disco"), (Failed, "at the disco")),
        ("a panic without a text", || std::panic::panic_any(7), (Failed, "without a message")),
        ("a panic with NUL", || panic!("a\0b"), (Failed, "")),
        ("a panic of 5 MiB", || panic!("{}", "x".repeat(5 << 20)), (Failed, "xxx")),
    ]
}

/// A list of this depth.
fn deep(depth: usize) -> serde_json::Value {
    (1..depth).fold(serde_json::json!([]), |inner, _| serde_json::json!([inner]))
}

struct Scene {
    database: Database,
    store: Store,
}

impl Scene {
    async fn new() -> Self {
        let database = Database::new().await;
        let store = Store::new(settings(&database));
        Self { database, store }
    }

    async fn create(&self, task: task_domain::NewTask) -> TaskId {
        self.store.submit(vec![task]).await.remove(0).unwrap().id
    }

    async fn ends(&self, id: TaskId) -> task_domain::Task {
        eventually("the task ends", LIMIT, async || match self.store.get(id).await {
            Ok(task) if task.summary.status.is_terminal() => Ok(task),
            Ok(task) => Err(task.summary.status.to_string()),
            Err(error) => Err(error.to_string()),
        })
        .await
    }

    async fn check(&self) {
        task_testing::oracle(&self.database.pool()).await.expect("a consistent database");
    }

    /// Has a worker run until `work` is done.
    async fn with_worker<T>(&self, work: impl Future<Output = T>) -> T {
        let mut options = Options::new(settings(&self.database));
        let quick = Duration::from_millis(20);
        options.retry = RetryPolicy::new(quick, quick).unwrap();
        let stop = CancellationToken::new();
        let plugins = Registry::new().with("poison", Poisoner);
        let running = tokio::spawn(run(options, plugins, Arc::new(|_| ()), stop.clone()));
        let done = work.await;
        stop.cancel();
        tokio::time::timeout(LIMIT, running).await.expect("the worker ends").unwrap().unwrap();
        done
    }
}

fn settings(database: &Database) -> Settings {
    Settings::new(&database.url()).unwrap()
}

fn poisonous(n: usize, class: &str, retries: u32) -> task_domain::NewTask {
    let mut task = new_task_with("poison", class, &format!(r#"{{"n":{n}}}"#));
    task.retries = Retries::new(retries).unwrap();
    task
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_outcome_ends_its_task() {
    let scene = Scene::new().await;
    scene
        .with_worker(Box::pin(async {
            let mut ids = Vec::new();
            for (n, (class, _, _)) in outcomes().into_iter().enumerate() {
                ids.push(scene.create(poisonous(n, class, 0)).await);
            }
            for (id, (class, _, (status, told))) in ids.into_iter().zip(outcomes()) {
                let task = scene.ends(id).await;
                let details = task.details.unwrap_or_default();
                assert_eq!(task.summary.status, status, "{class}: {details:.200}");
                assert!(details.contains(told), "{class}: {details:.200}");
                // A panic's text is not cut.
                assert!(details.len() <= limits::DETAILS_BYTES || class.starts_with("a panic"), "{class}");
                let entries = scene.store.history(id, None, 10).await.unwrap();
                assert_eq!(entries.last().unwrap().status, status, "{class}");
            }
        }))
        .await;
    scene.check().await;
}

/// A panic is a failure as any other, whatever its text: it is retried, and its text is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_retried_whatever_it_says() {
    let scene = Scene::new().await;
    let all = outcomes();
    let panics = all.iter().enumerate().filter(|(_, (class, _, _))| class.starts_with("a panic"));
    scene
        .with_worker(Box::pin(async {
            for (n, (class, _, _)) in panics {
                let id = scene.create(poisonous(n, class, 1)).await;
                let task = scene.ends(id).await;
                assert_eq!(task.summary.attempt, 2, "{class}: {:?}", task.details);
                let details = task.details.unwrap();
                assert!(details.starts_with("the plugin panicked: "), "{class}: {details:.200}");
                assert!(details.len() <= limits::DETAILS_BYTES, "{class}: {} bytes", details.len());
            }
        }))
        .await;
    scene.check().await;
}

/// One row of a batch that Postgres refuses: the other 999 are stored, on the real store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_outcome_in_a_batch_of_a_thousand_costs_only_itself() {
    const BATCH: usize = 1_000;
    let scene = Scene::new().await;
    let tasks = (0..BATCH).map(|n| new_task("batch", &format!("Task {n}"))).collect();
    assert!(scene.store.submit(tasks).await.iter().all(Result::is_ok));
    let info = WorkerInfo {
        name: "batch".into(),
        host: "host".into(),
        version: "1".into(),
        kinds: vec![Kind::new("batch").unwrap()],
        queues: Vec::new(),
        slots: 1_000,
    };
    let session = Session::open(settings(&scene.database), info, SessionSettings::default()).await.unwrap();
    let mut claimer = session.claimer();
    let claimed = eventually("all are claimed", LIMIT, async || match claimer.claim(BATCH).await {
        Ok(claimed) if claimed.len() == BATCH => Ok(claimed),
        Ok(claimed) => Err(format!("only {}", claimed.len())),
        Err(error) => Err(error.to_string()),
    })
    .await;
    let settled = claimed.iter().enumerate().map(|(n, claimed)| {
        let result =
            if n == 567 { TaskResult::from_store("\"a\0b\"") } else { TaskResult::new("1").unwrap() };
        Settled { lease: claimed.lease, decision: Decision::Succeed(Some(result)) }
    });
    let settled: Vec<_> = settled.collect();
    let bad = settled[567].lease.task;
    let layer = RecordLayer::new(|| session.recorder(), Capacity::new(BATCH));
    let recorded: Vec<_> = layer.layer(futures::stream::iter(settled)).collect().await;
    assert_eq!(recorded.len(), BATCH);
    assert!(recorded.iter().all(|recorded| recorded.verdict == Verdict::Recorded));
    let counts = scene.store.counts(&[]).await.unwrap();
    let counts = &counts[&Kind::new("batch").unwrap()];
    assert_eq!((counts[&Status::Succeeded], counts[&Status::Failed]), (999, 1));
    let task = scene.store.get(bad).await.unwrap();
    assert_eq!(task.summary.status, Status::Failed);
    assert!(task.details.unwrap().contains(REPLACED));
    scene.check().await;
}
