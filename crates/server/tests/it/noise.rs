//! A server among clients that speak no gRPC, or too much of it: an honest one is still served, and
//! memory stays within a bound.
//!
//! Each test makes some hundred connections; with `TASK_FUZZ_SECONDS` it goes on for so long.

mod frames;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use task_proto::v1;
use task_server::Options;
use task_testing::Database;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::frames::conversation;
use crate::binary::serve;
use crate::support::{SOON, Site, client, create, options};

/// Connections at a time.
const CROWD: usize = 16;
/// Most memory that all of it may leave behind, in KiB: what an allocator keeps of a busy moment.
const MORE_MEMORY_KIB: u64 = 96 << 10;

/// How many rounds of [`CROWD`] connections, or how long.
fn goes_on(round: u64, begun: Instant) -> bool {
    let seconds = std::env::var("TASK_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    seconds.map_or(round < 20, |seconds| begun.elapsed() < Duration::from_secs(seconds))
}

/// Says something and that there is no more, and reads until the server hangs up. Whatever it
/// answers is fine.
async fn talk(address: SocketAddr, said: Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    let say = async {
        let _ = writer.write_all(&said).await;
        let _ = writer.shutdown().await;
    };
    let hear = async { reader.read_to_end(&mut answer).await };
    // It need not hang up on one that may still say something, but it must not be waited for.
    let _ = timeout(Duration::from_millis(500), async { tokio::join!(say, hear) }).await;
}

/// Connects and says hardly anything, for as long as it is kept.
async fn silent(address: SocketAddr, said: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(said).await.expect("sent");
    stream
}

async fn is_served(address: SocketAddr) {
    let asked = async {
        let mut client = client(address).await;
        let id = create(&mut client, "t").await;
        let task = client.get_task(v1::GetTaskRequest { id }).await.unwrap().into_inner().task.unwrap();
        assert_eq!(task.summary.unwrap().id, id);
    };
    timeout(SOON, asked).await.expect("an honest client is served");
}

/// Resident memory of a process, in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_costs_neither_service_nor_memory() {
    let database = Database::new().await;
    let url = database.url();
    let (child, address, mut lines) =
        serve(&["serve", "--listen", "127.0.0.1:0", "--database-url", &url]).await;
    let told = tokio::spawn(async move {
        let mut told = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            told.push(line);
        }
        told
    });
    let mut quiet = Vec::new();
    for said in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n", b"GET / HTTP/1.1\r\nhost:", frames::PREFACE] {
        quiet.push(silent(address, said).await);
    }
    is_served(address).await;
    let (before, begun) = (memory(child.id().unwrap()), Instant::now());
    let mut rng =
        StdRng::seed_from_u64(if std::env::var("TASK_FUZZ_SECONDS").is_ok() { rand::random() } else { 1 });
    let mut round = 0;
    while goes_on(round, begun) {
        let mut crowd = JoinSet::new();
        for _ in 0..CROWD {
            crowd.spawn(talk(address, conversation(&mut rng)));
        }
        while let Some(done) = crowd.join_next().await {
            done.unwrap();
        }
        round += 1;
        if rng.random_ratio(1, 8) {
            is_served(address).await;
        }
    }
    is_served(address).await;
    let after = memory(child.id().unwrap());
    println!("{} connections, {before} KiB before, {after} KiB after", round * CROWD as u64);
    assert!(after < before + MORE_MEMORY_KIB, "{before} KiB before, {after} KiB after");
    drop((child, quiet));
    let told = timeout(SOON, told).await.expect("it ends").unwrap();
    let panics: Vec<_> = told.iter().filter(|line| line.contains("panicked")).collect();
    assert!(panics.is_empty(), "{panics:?}");
}

/// Those who hold all places and say nothing are not kept for ever: each connection has an age.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_make_way() {
    let places = 4;
    let options = Options { max_connections: places, connection_age: Duration::from_secs(1), ..options() };
    let site = Site::with(options).await;
    let mut quiet = Vec::new();
    for said in [&b""[..], b"PRI * HT", frames::PREFACE, b"POST / HTTP/1.1\r\n"] {
        quiet.push(silent(site.address, said).await);
    }
    assert_eq!(quiet.len(), places);
    is_served(site.address).await;
    drop(quiet);
    site.end().await.unwrap();
}

/// Who says nothing, or not even which HTTP it speaks, is sent away, though its age is far off; who does
/// may be silent afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_do_not_begin_are_ended() {
    let site = Site::with(Options { opening_timeout: Duration::from_millis(200), ..options() }).await;
    let mut honest = client(site.address).await;
    create(&mut honest, "t").await;
    for said in [&b""[..], b"PRI * HT"] {
        let mut quiet = silent(site.address, said).await;
        let ended = timeout(SOON, quiet.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "still open after {said:?}");
    }
    // On the connection that it had before: it was not ended meanwhile.
    create(&mut honest, "t").await;
    site.end().await.unwrap();
}
