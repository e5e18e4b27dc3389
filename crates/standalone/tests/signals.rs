//! The process from outside: what signals do, and that nothing is left behind.

use std::env;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use task_client::{Client, Options as ClientOptions, v1};
use task_plugin::Registry;
use task_plugin_simulate::Simulate;
use task_standalone::{Options, signals, start};
use task_testing::eventually;

/// Names the data directory for the process that gets the signals.
const DATA_DIR: &str = "TASK_STANDALONE_TEST_DATA_DIR";

/// Longest wait for anything.
const LONG: Duration = Duration::from_mins(1);

/// The process that gets the signals: this same program, told by a variable. Without it there is
/// nothing to check.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_itself() {
    let Some(data_dir) = env::var_os(DATA_DIR).map(PathBuf::from) else { return };
    let stop = signals::stop().expect("signals can be caught");
    let options =
        Options { data_dir: Some(data_dir), listen: "127.0.0.1:0".into(), grace: LONG, ..Options::default() };
    let plugins = Registry::new().with("simulate", Simulate);
    let running = start(options, |_| Ok(plugins)).await.expect("everything starts");
    println!("\nlistening {}", running.address());
    running.run(stop).await.expect("an orderly end");
    println!("\nstopped in order");
}

/// The process, and what it says.
struct Process {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    address: String,
    postgres: Pid,
}

impl Process {
    fn start(data_dir: &Path) -> Self {
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "the_process_itself", "--nocapture"])
            .env(DATA_DIR, data_dir)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut said = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = said
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening ").map(str::to_owned))
            .expect("it tells its address");
        let file = std::fs::read_to_string(data_dir.join("cluster/postmaster.pid")).expect("Postgres runs");
        let pid = file.lines().next().and_then(|line| line.parse().ok()).expect("a process id");
        Self { child, said, address, postgres: Pid::from_raw(pid) }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().expect("a process id"));
        kill(pid, signal).expect("it runs");
    }

    /// How it ended, and what it still said.
    fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let said = self.said.by_ref().map_while(Result::ok).collect();
        (self.child.wait().expect("it ends"), said)
    }

    /// Gives it a task, and waits until that runs.
    async fn keep_busy(&self, seconds: u32) {
        let client = Client::new(&format!("http://{}", self.address), ClientOptions::default());
        let client = client.expect("an address");
        let spec = v1::TaskSpec {
            name: "long".into(),
            r#type: "simulate".into(),
            payload: format!(r#"{{"duration": "{seconds}s"}}"#),
            ..Default::default()
        };
        let id = client.create(spec).await.expect("a task").id;
        eventually("the task runs", LONG, async || {
            let task = client.get(id).await.map_err(|error| error.to_string())?.task.expect("a task");
            let status = task.summary.expect("a summary").status();
            if status == v1::Status::Running { Ok(()) } else { Err(status.as_str_name().to_owned()) }
        })
        .await;
    }
}

/// A directory that the user who runs Postgres can enter, when the tests run as root.
fn reachable_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("a mode");
    dir
}

/// A zombie has ended; who collects it is not up to us.
async fn ends(pid: Pid) {
    eventually("the end of Postgres", LONG, async || {
        match std::fs::read_to_string(format!("/proc/{pid}/status")) {
            Ok(status) if !status.contains("State:\tZ") => Err(format!("{pid} still runs")),
            _ => Ok(()),
        }
    })
    .await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_first_signal_stops_in_order_and_the_second_at_once() {
    let dir = reachable_dir();
    let data_dir = dir.path().join("data");

    let process = Process::start(&data_dir);
    process.keep_busy(1).await;
    let postgres = process.postgres;
    process.signal(Signal::SIGTERM);
    let (status, said) = process.wait();
    assert!(status.success(), "{status}");
    assert!(said.contains(&"stopped in order".into()), "{said:?}");
    assert!(kill(postgres, None).is_err(), "Postgres ended before its owner");

    // With a task that takes longer than anyone waits.
    let process = Process::start(&data_dir);
    process.keep_busy(3_600).await;
    let postgres = process.postgres;
    process.signal(Signal::SIGINT);
    // It still answers while the task runs. Two signals in one moment are one: the first has to be seen.
    let client = Client::new(&format!("http://{}", process.address), ClientOptions::default());
    let client = client.expect("an address");
    eventually("the first signal is seen", LONG, async || {
        let workers = client.workers().await.map_err(|error| error.to_string())?;
        if workers.workers.iter().any(|worker| worker.draining) {
            Ok(())
        } else {
            Err("nobody drains".to_owned())
        }
    })
    .await;
    process.signal(Signal::SIGINT);
    let (status, said) = process.wait();
    assert_eq!(status.code(), Some(130), "{status}");
    assert!(!said.contains(&"stopped in order".into()), "{said:?}");
    ends(postgres).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_killed_process_leaves_nothing_behind() {
    let dir = reachable_dir();
    let data_dir = dir.path().join("data");
    let process = Process::start(&data_dir);
    process.keep_busy(3_600).await;
    let postgres = process.postgres;
    process.signal(Signal::SIGKILL);
    let (status, _) = process.wait();
    assert_eq!(status.signal(), Some(9));
    ends(postgres).await;

    // The data is whole and free for the next one.
    let process = Process::start(&data_dir);
    process.signal(Signal::SIGTERM);
    let (status, _) = process.wait();
    assert!(status.success(), "{status}");
}
