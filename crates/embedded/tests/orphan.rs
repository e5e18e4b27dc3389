//! No server outlives the process that started it.
#![allow(missing_docs, reason = "the names of the tests say it")]

mod common;

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{query, reachable_dir};
use task_embedded::{Settings, Shutdown, start};

/// Names the data directory for the process that is going to be killed.
const SUPERVISE: &str = "TASK_EMBEDDED_TEST_SUPERVISE";

/// The process that is going to be killed: this same program, told by a variable to supervise.
/// Without the variable there is nothing to check.
#[tokio::test]
async fn supervise_until_killed() {
    let Some(dir) = env::var_os(SUPERVISE) else {
        return;
    };
    let postgres = start(Settings::kept(dir)).await.expect("it starts");
    postgres.execute("postgres", "CREATE TABLE kept (n int)").await.expect("a commit");
    println!("\npid {}", postgres.pid());
    // Ends when the one who reads our words is gone, so that a failed test leaves nothing behind.
    let _ = std::io::stdin().read(&mut [0]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_killed_supervisor_leaves_no_server() {
    let dir = reachable_dir();
    let data = dir.path().join("data");
    let mut supervisor = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "supervise_until_killed", "--nocapture"])
        .env(SUPERVISE, &data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let said = BufReader::new(supervisor.stdout.take().expect("piped"));
    let pid = said
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("pid ").map(str::to_owned))
        .expect("it tells the server's pid");
    let process = std::path::Path::new("/proc").join(&pid);
    assert!(process.exists());

    // SIGKILL: no destructor and no handler runs.
    supervisor.kill().and_then(|()| supervisor.wait()).expect("it dies");

    // At once, while the orphan may still be stopping: the start waits for it.
    let postgres = start(Settings::kept(&data)).await.expect("the next one takes over");
    let answer = query(&postgres, &postgres.url("postgres"), "SELECT count(*) FROM kept");
    assert_eq!(answer.as_deref(), Ok("0"));
    postgres.stop(Shutdown::Fast).await.expect("it stops");

    let deadline = Instant::now() + Duration::from_secs(20);
    while is_running(&process) {
        assert!(Instant::now() < deadline, "the orphan {pid} still runs");
        std::thread::sleep(Duration::from_millis(5)); // looks again, until the deadline
    }
}

/// A zombie has ended; whether somebody collects it is up to the first process of the system.
#[cfg(target_os = "linux")]
fn is_running(process: &std::path::Path) -> bool {
    std::fs::read_to_string(process.join("status")).is_ok_and(|status| !status.contains("State:\tZ"))
}
