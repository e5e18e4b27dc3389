//! The `task-server` program: options, migrations, signals, exit codes.

use std::process::{Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use task_testing::{Database, own_cluster};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::support::{SOON, Watching, by_filter, client, create};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_task-server"));
    // Only what the test says counts.
    command.env_clear().args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn run(arguments: &[&str]) -> Output {
    timeout(SOON, program(arguments).output()).await.expect("it ends").unwrap()
}

/// Fails unless it ended with this code and said this on standard error.
#[track_caller]
fn failed(output: &Output, code: i32, told: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(told), "`{stderr}` does not say `{told}`");
    assert!(output.stdout.is_empty(), "talk goes to standard error");
}

/// A serving program, its address, and what it says.
pub(crate) async fn serve(
    arguments: &[&str],
) -> (Child, std::net::SocketAddr, Lines<BufReader<ChildStderr>>) {
    let mut child = program(arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = timeout(SOON, lines.next_line()).await.expect("it listens").unwrap().expect("it goes on");
        if let Some((_, address)) = line.split_once("listening address=") {
            break address.trim().parse().unwrap();
        }
    };
    (child, address, lines)
}

fn send(child: &Child, signal: Signal) {
    let pid = child.id().expect("it runs").cast_signed();
    kill(Pid::from_raw(pid), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_options_are_told() {
    failed(&run(&[]).await, 1, "no database is given; use --database-url or DATABASE_URL");
    failed(&run(&["--database-url", "mysql://x/y"]).await, 1, "is no Postgres URL");
    let url = ["--database-url", "postgres://u@127.0.0.1:1/d"];
    let with = |more: [&'static str; 2]| [&url[..], &more[..]].concat();
    failed(&run(&with(["--log-level", "loud=very"])).await, 2, "`loud=very` is no log level");
    failed(&run(&with(["--log-format", "xml"])).await, 2, "use text or json");
    failed(&run(&with(["--listen", "nowhere"])).await, 1, "cannot listen on nowhere");
    failed(&run(&with(["--web-origins", "localhost"])).await, 2, "give origins like");
    failed(&run(&with(["--max-watches", "0"])).await, 2, "0 is not in 1..=1000000");
    failed(
        &run(&with(["--listen", "127.0.0.1:0"]).into_iter().chain(["migrate"]).collect::<Vec<_>>()).await,
        2,
        "is an option of `serve`",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_are_shown_run_and_run_once() {
    let database = Database::empty().await;
    let url = database.url();
    let told = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let dry = run(&["migrate", "--dry-run", "--database-url", &url]).await;
    assert!(told(&dry).starts_with("would run 0001"), "{dry:?}");
    let first = run(&["migrate", "--database-url", &url]).await;
    assert!(first.status.success() && told(&first).starts_with("ran 0001"), "{first:?}");
    for again in [["migrate"].as_slice(), &["migrate", "--dry-run"]] {
        let output = run(&[again, &["--database-url", &url]].concat()).await;
        assert_eq!(told(&output), "the schema is up to date\n", "{output:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_migration_waits_for_is_told() {
    let database = Database::empty().await;
    // Of two that make one table the second waits for what becomes of the first.
    let mut report = database.connect().await;
    for statement in ["set application_name = 'report'", "begin; create table task_lane ()"] {
        sqlx::raw_sql(statement).execute(&mut report).await.unwrap();
    }
    let mut child = program(&["migrate", "--database-url", &database.url()]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    loop {
        let line = timeout(SOON, lines.next_line()).await.expect("it says so").unwrap().expect("it goes on");
        if line.contains("still migrating: 0001 tasks, for ")
            && line.contains(", waits for the end of: session ")
            && line.contains(" (report), in a transaction for ")
        {
            break;
        }
    }
    sqlx::raw_sql("rollback").execute(&mut report).await.unwrap();
    let output = timeout(SOON, child.wait_with_output()).await.expect("it ends").unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && stdout.starts_with("ran 0001"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_migrations_it_waits_for_them() {
    let database = Database::empty().await;
    let url = database.url();
    let (mut child, address, _lines) =
        serve(&["serve", "--no-migrate", "--listen", "127.0.0.1:0", "--database-url", &url]).await;
    let mut client = client(address).await;
    let early = client.list_tasks(task_proto::v1::ListTasksRequest::default()).await.unwrap_err();
    assert_eq!(early.code(), tonic::Code::Unavailable);
    assert!(run(&["migrate", "--database-url", &url]).await.status.success());
    task_testing::eventually("served", SOON, async || {
        client.list_tasks(task_proto::v1::ListTasksRequest::default()).await
    })
    .await;
    send(&child, Signal::SIGINT);
    assert!(timeout(SOON, child.wait()).await.unwrap().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_is_left_alone() {
    let cluster = own_cluster().await;
    let database = cluster.database().await;
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (9999, 'from the future', true, '', 0)";
    cluster.postgres.execute(database.name(), newer).await.unwrap();
    let url = database.url();
    let serve = ["--listen", "127.0.0.1:0"];
    let without = ["--listen", "127.0.0.1:0", "--no-migrate"];
    for arguments in [&serve[..], &without, &["migrate"], &["migrate", "--dry-run"]] {
        let output = run(&[arguments, &["--database-url", &url]].concat()).await;
        failed(&output, 1, "the database is at migration 9999");
        failed(&output, 1, "start the newer version of this program");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_ends_the_program() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["--listen", &address, "--database-url", "postgres://u@127.0.0.1:1/d"]).await;
    failed(&output, 1, &format!("cannot listen on {address}: it is in use"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_signal_ends_watches_and_then_the_program() {
    let database = Database::empty().await;
    let url = database.url();
    let arguments = ["--listen", "127.0.0.1:0", "--log-format", "text", "--database-url", &url];
    let (mut child, address, _lines) = serve(&arguments).await;
    let mut client = client(address).await;
    let id = create(&mut client, "t").await;
    let mut watch = Watching::of(&mut client, &[id]).await;
    assert_eq!(watch.change().await.1, 1);
    send(&child, Signal::SIGTERM);
    assert_eq!(watch.event().await.unwrap_err().code(), tonic::Code::Unavailable);
    assert!(timeout(SOON, child.wait()).await.expect("it ends").unwrap().success());
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).await.unwrap();
    assert_eq!(out, "", "the log goes to standard error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_signal_ends_it_at_once() {
    let database = Database::empty().await;
    let url = database.url();
    let arguments = ["--listen", "127.0.0.1:0", "--shutdown-grace", "3600", "--database-url", &url];
    let (mut child, address, mut lines) = serve(&arguments).await;
    // Holds up the end: a watch that the client does not let go of would end, a half sent call not.
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = b"POST /task.v1.TaskService/CreateTask HTTP/1.1\r\nhost: x\r\n\
                 content-type: application/grpc-web+proto\r\ncontent-length: 100\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, head).await.unwrap();
    let mut client = client(address).await;
    let _open = Watching::open(&mut client, by_filter(task_proto::v1::TaskFilter::default())).await;
    send(&child, Signal::SIGTERM);
    loop {
        let line = timeout(SOON, lines.next_line()).await.expect("it says so").unwrap().expect("it runs on");
        if line.contains("a second signal ends at once") {
            break;
        }
    }
    send(&child, Signal::SIGTERM);
    assert_eq!(timeout(SOON, child.wait()).await.expect("it ends").unwrap().code(), Some(130));
}
