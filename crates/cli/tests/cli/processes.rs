//! The whole by real processes: a server, two workers, a mail server, and a Postgres that can be
//! killed.

use std::process::Command;
use std::sync::OnceLock;

use nix::sys::signal::Signal;
use task_embedded::Shutdown;
use task_smtp_sink::SmtpSink;
use task_testing::{Database, OwnCluster, own_cluster};

use super::service::{Done, LONG, RUNTIME, Talk, bare, command, run};

/// Everything there is to run, each a process of its own.
struct Whole {
    address: String,
    workers: Vec<Talk>,
    server: Talk,
    sink: SmtpSink,
    database: Option<Database>,
    cluster: OwnCluster,
}

impl Whole {
    fn start() -> Self {
        let (cluster, database, sink) = RUNTIME.block_on(async {
            let cluster = own_cluster().await;
            let database = cluster.database().await;
            let sink = SmtpSink::start(task_smtp_sink::Settings::default()).await.unwrap();
            // What `run_query` may use: another database, another role.
            cluster.postgres.create_database_if_missing("reports").await.unwrap();
            cluster.postgres.create_role("reader", "secret").await.unwrap();
            (cluster, database, sink)
        });
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let mut process = Command::new(server_binary());
        process.env_clear().args(["serve", "--listen", &listen, "--log-level", "info"]);
        process.args(["--database-url", &database.url()]);
        let mut server = Talk::new(process);
        server.hears(&listen);
        let address = format!("http://{listen}");
        let mut whole =
            Self { address, workers: Vec::new(), server, sink, database: Some(database), cluster };
        whole.add_worker();
        whole.add_worker();
        whole
    }

    fn add_worker(&mut self) {
        let reports = self.cluster.postgres.url_as("reader", "secret", "reports");
        let mut worker = Talk::new(bare(&[
            "serve",
            "--database-url",
            &self.database.as_ref().unwrap().url(),
            "--smtp-url",
            &format!("smtp://{}", self.sink.addr()),
            "--connection",
            &format!("default={reports}"),
        ]));
        worker.hears("is ready");
        self.workers.push(worker);
    }

    fn cli(&self, args: &[&str]) -> Done {
        run(command(&self.address, args), None)
    }

    fn spawn(&self, args: &[&str]) -> Talk {
        Talk::new(command(&self.address, args))
    }

    /// Nothing contradicts itself once all is quiet.
    fn check(&self) {
        let pool = self.database.as_ref().unwrap().pool();
        RUNTIME.block_on(task_testing::oracle(&pool)).expect("a consistent database");
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.workers.clear();
        let _guard = RUNTIME.enter();
        drop(self.database.take());
    }
}

/// The server's binary. `cargo test` for one package alone does not build another's.
fn server_binary() -> &'static str {
    static BUILT: OnceLock<String> = OnceLock::new();
    BUILT.get_or_init(|| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let built = Command::new(cargo).args(["build", "--quiet", "--locked", "-p", "task-server"]).status();
        assert!(built.unwrap().success(), "task-server does not build");
        let own = std::path::Path::new(env!("CARGO_BIN_EXE_task-cli"));
        own.with_file_name("task-server").to_str().unwrap().to_owned()
    })
}

#[test]
fn a_task_whose_worker_is_killed_ends_on_another() {
    let whole = Whole::start();
    let mut watch =
        whole.spawn(&["task", "create", "Long", "-t", "simulate", "-p", "duration=4s", "--watch"]);
    watch.hears("RUNNING");
    let workers = whole.cli(&["workers", "-o", "json"]).json();
    let task = whole.cli(&["task", "list", "--status", "running", "-o", "json"]).json();
    let holder = task["tasks"][0]["workerId"].as_str().unwrap().to_owned();
    let place =
        workers["workers"].as_array().unwrap().iter().position(|w| w["id"] == holder.as_str()).unwrap();
    whole.workers[place].signal(Signal::SIGKILL);
    watch.hears("its worker was lost");
    let done = watch.end();
    assert_eq!(done.code, 0, "{done:?}");
    let history = whole.cli(&["history", "--id", "1", "-o", "json"]).json();
    let statuses: Vec<_> =
        history["entries"].as_array().unwrap().iter().map(|e| e["status"].as_str().unwrap()).collect();
    let expected =
        ["STATUS_PENDING", "STATUS_RUNNING", "STATUS_PENDING", "STATUS_RUNNING", "STATUS_SUCCEEDED"];
    assert_eq!(statuses, expected);
    whole.check();
}

#[test]
fn all_goes_on_after_postgres_was_killed_under_load() {
    let mut whole = Whole::start();
    let load = whole.spawn(&["end2end", "-n", "4000", "--timeout", "3m"]);
    RUNTIME.block_on(async {
        let pool = whole.database.as_ref().unwrap().pool();
        task_testing::eventually("the load is under way", LONG, async || {
            let ended: i64 =
                sqlx::query_scalar("select count(*) from task_finished").fetch_one(&pool).await.unwrap();
            if ended >= 100 { Ok(()) } else { Err(ended) }
        })
        .await;
        whole.cluster.postgres.shut_down(Shutdown::Immediate).await.unwrap();
        whole.cluster.postgres.restart().await.unwrap();
    });
    let done = load.end();
    assert_eq!(done.code, 0, "{done:?}");
    assert!(whole.sink.counters().borrow().messages > 0);
    // The workers are still those from the start.
    let workers = whole.cli(&["workers", "-o", "json"]).json();
    assert_eq!(workers["workers"].as_array().unwrap().len(), 2);
    whole.check();
}

#[test]
fn a_watch_and_its_tasks_live_through_a_restart_of_the_server() {
    let mut whole = Whole::start();
    let mut watch =
        whole.spawn(&["task", "create", "Long", "-t", "simulate", "-p", "duration=5s", "--watch"]);
    watch.hears("RUNNING");
    let listen = whole.address.trim_start_matches("http://").to_owned();
    whole.server.signal(Signal::SIGTERM);
    let mut again = Command::new(server_binary());
    again.env_clear().args(["serve", "--listen", &listen, "--log-level", "info"]);
    again.args(["--database-url", &whole.database.as_ref().unwrap().url()]);
    let old = std::mem::replace(&mut whole.server, Talk::new(bare(&["--version"])));
    assert_eq!(old.end().code, 0);
    whole.server = Talk::new(again);
    whole.server.hears(&listen);
    let done = watch.end();
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.stdout.matches("RUNNING").count(), 1, "no change is shown twice: {done:?}");
    assert!(done.stdout.contains("SUCCEEDED"), "{done:?}");
    whole.check();
}
