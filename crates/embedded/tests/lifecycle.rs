//! Starting, stopping, crashing and coming back, on real servers.
#![allow(missing_docs, reason = "the names of the tests say it")]

mod common;

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{query, quick, reachable_dir};
use task_embedded::{Durability, Error, Settings, Shutdown, start};

#[tokio::test]
async fn a_new_cluster_is_safe_by_default() {
    let postgres = start(Settings::ephemeral()).await.expect("it starts");
    let setting =
        |name: &str| query(&postgres, &postgres.url("postgres"), &format!("SHOW {name}")).expect("a setting");
    assert_eq!(setting("fsync"), "on");
    assert_eq!(setting("synchronous_commit"), "on");
    assert_eq!(setting("full_page_writes"), "on");
    assert_eq!(setting("data_checksums"), "on");
    assert_eq!(setting("server_encoding"), "UTF8");
    assert_eq!(setting("lc_collate"), "C");
    assert_eq!(setting("listen_addresses"), "127.0.0.1");
    assert_eq!(setting("port"), postgres.port().to_string());
    postgres.stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn ephemeral_data_goes_with_the_server() {
    let postgres = start(quick()).await.expect("it starts");
    let stopped = postgres.data_dir().to_owned();
    assert!(stopped.join("cluster/PG_VERSION").exists());
    postgres.stop(Shutdown::Fast).await.expect("it stops");
    assert!(!stopped.exists());

    let postgres = start(quick()).await.expect("it starts");
    let dropped = postgres.data_dir().to_owned();
    drop(postgres);
    wait_until("the dropped server's data is gone", || !dropped.exists());
}

#[tokio::test]
async fn kept_data_is_there_after_a_restart() {
    let dir = reachable_dir();
    let settings = Settings::kept(dir.path().join("data"));
    let postgres = start(settings.clone()).await.expect("it starts");
    postgres.create_database_if_missing("task").await.expect("a database");
    postgres.execute("task", "CREATE TABLE kept AS SELECT 42 AS answer").await.expect("a table");
    let password = fs::read_to_string(postgres.data_dir().join("password")).expect("a password");
    postgres.stop(Shutdown::Fast).await.expect("it stops");

    let postgres = start(settings).await.expect("it starts again");
    assert!(postgres.url("task").contains(&password));
    let answer = query(&postgres, &postgres.url("task"), "SELECT answer FROM kept");
    assert_eq!(answer.as_deref(), Ok("42"));
    postgres.stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn commits_survive_a_kill_and_the_address_stays() {
    let dir = reachable_dir();
    let mut postgres = start(Settings::kept(dir.path().join("data"))).await.expect("it starts");
    let url = postgres.url("postgres");
    for round in 1..=3 {
        let write = "CREATE TABLE IF NOT EXISTS t (n int); INSERT INTO t VALUES (1)";
        postgres.execute("postgres", write).await.expect("a commit");
        if round == 2 {
            postgres.shut_down(Shutdown::Immediate).await.expect("it ends");
        } else {
            postgres.kill_hard().await.expect("it dies");
            assert_eq!(postgres.wait_exit().await.signal(), Some(9));
            assert!(postgres.data_dir().join("cluster/postmaster.pid").exists(), "a stale pid file");
        }
        assert!(!postgres.is_running());
        postgres.restart().await.expect("it recovers");
        assert_eq!(postgres.url("postgres"), url);
        let count = query(&postgres, &url, "SELECT count(*) FROM t");
        assert_eq!(count, Ok(round.to_string()));
    }
    postgres.stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn a_supervisor_sees_the_server_die() {
    let postgres = start(quick()).await.expect("it starts");
    let kill = Command::new("kill").args(["-9", &postgres.pid().to_string()]).status().expect("kill runs");
    assert!(kill.success());
    let status = tokio::time::timeout(Duration::from_secs(10), postgres.wait_exit()).await;
    assert_eq!(status.expect("it is noticed").signal(), Some(9));
    assert!(!postgres.is_running());
}

#[tokio::test]
async fn a_second_supervisor_is_refused() {
    let dir = reachable_dir();
    let settings = Settings::kept(dir.path().join("data"));
    let postgres = start(settings.clone()).await.expect("it starts");
    let error = start(settings.clone()).await.expect_err("the directory is taken");
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    assert!(error.is_retryable());
    postgres.stop(Shutdown::Fast).await.expect("it stops");
    start(settings).await.expect("free again").stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn a_server_started_by_somebody_else_is_refused() {
    let dir = reachable_dir();
    let settings = Settings::kept(dir.path().join("data"));
    let postgres = start(settings.clone()).await.expect("it starts");
    let cluster = postgres.data_dir().join("cluster");
    let program = postgres.binaries().dir().join("postgres");
    postgres.stop(Shutdown::Fast).await.expect("it stops");

    let owner = fs::metadata(&cluster).expect("the cluster");
    let mut foreign = Command::new(program);
    let socket_dir = cluster.with_file_name("run");
    foreign.arg("-D").arg(&cluster).args(["-c", "listen_addresses="]);
    foreign.args(["-c", &format!("unix_socket_directories={}", socket_dir.display())]);
    foreign.stderr(std::process::Stdio::null());
    foreign.uid(owner.uid()).gid(owner.gid());
    let mut foreign = foreign.spawn().expect("it starts");
    let pid_file = cluster.join("postmaster.pid");
    wait_until("the other server is up", || {
        fs::read_to_string(&pid_file).is_ok_and(|text| text.contains("ready"))
    });

    let error = start(settings).await.expect_err("the data is being served");
    let pid = i32::try_from(foreign.id()).expect("a pid");
    assert!(matches!(error, Error::AlreadyRunning { pid: told, .. } if told == pid), "{error}");
    assert!(pid_file.exists(), "the other server's file is left alone");
    foreign.kill().and_then(|()| foreign.wait()).expect("it dies");
}

#[tokio::test]
async fn a_stale_pid_file_is_no_obstacle() {
    let dir = reachable_dir();
    let settings = Settings::kept(dir.path().join("data"));
    let postgres = start(settings.clone()).await.expect("it starts");
    let pid_file = postgres.data_dir().join("cluster/postmaster.pid");
    let text = fs::read_to_string(&pid_file).expect("a pid file");
    let old = postgres.pid().to_string();
    postgres.stop(Shutdown::Fast).await.expect("it stops");

    // As after a reboot: the number belongs to a process that has nothing to do with it. One of
    // the server's own user, which is the case PostgreSQL itself cannot tell.
    let owner = fs::metadata(pid_file.parent().expect("the cluster")).expect("the cluster");
    let mut stranger = Command::new("sleep");
    let mut stranger = stranger.arg("600").uid(owner.uid()).spawn().expect("sleep starts");
    fs::write(&pid_file, text.replacen(&old, &stranger.id().to_string(), 1)).expect("a stale pid file");

    let started = start(settings).await;
    stranger.kill().and_then(|()| stranger.wait()).expect("sleep ends");
    started.expect("it starts all the same").stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn a_half_made_cluster_is_made_anew() {
    let dir = reachable_dir();
    let data = dir.path().join("data");
    fs::create_dir_all(data.join("cluster.new/base")).expect("left by a killed start");
    fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o711)).expect("a mode");
    let postgres = start(Settings::kept(&data)).await.expect("it starts");
    assert!(!data.join("cluster.new").exists());
    postgres.stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn a_failed_start_shows_the_log() {
    let error = start(quick().parameter("work_mem", "banana")).await.expect_err("no such amount");
    assert!(matches!(error, Error::EndedEarly { .. }), "{error}");
    assert!(error.to_string().contains("banana"), "{error}");

    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let error = start(quick().port(port)).await.expect_err("the port is taken");
    assert!(error.to_string().contains("Address already in use"), "{error}");
}

#[tokio::test]
async fn a_long_path_still_has_a_socket() {
    let dir = reachable_dir();
    let data = dir.path().join("d".repeat(120));
    let postgres = start(Settings::kept(&data)).await.expect("it starts");
    let url = postgres.socket_url("postgres");
    assert_eq!(query(&postgres, &url, "SELECT 1").as_deref(), Ok("1"));
    let (_, socket_dir) = url.split_once("?host=").expect("a socket directory");
    let socket_dir = socket_dir.split('&').next().expect("a first part").replace("%2F", "/");
    assert!(fs::exists(&socket_dir).expect("can be looked at"));
    postgres.stop(Shutdown::Fast).await.expect("it stops");
    assert!(!fs::exists(&socket_dir).expect("can be looked at"), "{socket_dir} is left behind");
}

#[tokio::test]
async fn kept_data_without_fsync_is_refused() {
    let dir = reachable_dir();
    let settings = Settings::kept(dir.path().join("data")).durability(Durability::UntilMachineCrash);
    assert!(matches!(start(settings).await, Err(Error::Settings(_))));
    assert!(!dir.path().join("data").exists(), "nothing was touched");
}

#[tokio::test]
async fn a_large_log_is_set_aside() {
    let dir = reachable_dir();
    let settings = Settings::kept(dir.path().join("data"));
    let postgres = start(settings.clone()).await.expect("it starts");
    let log = postgres.log_path();
    postgres.stop(Shutdown::Fast).await.expect("it stops");
    let file = OpenOptions::new().write(true).open(&log).expect("the log");
    file.set_len(17 * 1024 * 1024).expect("a large log");

    let postgres = start(settings).await.expect("it starts");
    assert!(fs::metadata(&log).expect("a new log").len() < 1024 * 1024);
    assert!(log.with_file_name("postgres.log.1").exists());
    postgres.stop(Shutdown::Fast).await.expect("it stops");
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5)); // looks again, until the deadline
    }
}
