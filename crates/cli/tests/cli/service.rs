//! A server for one test, and the binary that talks to it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, mpsc};
use std::time::{Duration, Instant};

use task_plugin::Registry;
use task_server::{Options, Server};
use task_store::{Settings, Store};
use task_testing::Database;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longest wait for anything.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// One for all tests: the Postgres that they share belongs to it.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A real server with a database of its own.
pub(crate) struct Service {
    database: Option<Database>,
    address: SocketAddr,
    running: Option<(CancellationToken, JoinHandle<()>)>,
    worker: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Service {
    pub(crate) fn start() -> Self {
        RUNTIME.block_on(async {
            let database = Database::new().await;
            let (address, running) = serve("127.0.0.1:0", &database).await;
            Self { database: Some(database), address, running: Some(running), worker: None }
        })
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn database_url(&self) -> String {
        self.database.as_ref().unwrap().url()
    }

    /// Starts a worker with these plugins, and waits until it is registered.
    pub(crate) fn work(&mut self, plugins: Registry) {
        let database = Settings::new(&self.database_url()).unwrap();
        let options = task_worker::Options::new(database);
        let (tell, told) = mpsc::sync_channel(1);
        let ready: task_worker::Ready = Arc::new(move |_| {
            // Told again after a lost lease, when nobody listens any more.
            let _ = tell.try_send(());
        });
        let stop = CancellationToken::new();
        let token = stop.clone();
        let worker =
            RUNTIME.spawn(async move { task_worker::run(options, plugins, ready, token).await.unwrap() });
        told.recv_timeout(LONG).unwrap();
        self.worker = Some((stop, worker));
    }

    /// Stops the server and waits until it has gone.
    pub(crate) fn stop(&mut self) {
        if let Some((stop, done)) = self.running.take() {
            stop.cancel();
            RUNTIME.block_on(done).unwrap();
        }
    }

    /// Starts it again at the same address.
    pub(crate) fn start_again(&mut self) {
        let database = self.database.as_ref().unwrap();
        let (_, running) = RUNTIME.block_on(serve(&self.address.to_string(), database));
        self.running = Some(running);
    }

    /// Runs the binary to its end.
    pub(crate) fn cli(&self, args: &[&str]) -> Done {
        run(command(&self.address(), args), None)
    }

    /// Runs the binary to its end, its standard input given.
    pub(crate) fn cli_reading(&self, args: &[&str], input: &str) -> Done {
        run(command(&self.address(), args), Some(input))
    }

    /// Starts the binary.
    pub(crate) fn spawn(&self, args: &[&str]) -> Talk {
        Talk::new(command(&self.address(), args))
    }

    /// Creates a `simulate` task that nobody runs; its id.
    pub(crate) fn create(&self, name: &str) -> String {
        let done = self.cli(&["task", "create", name, "--type", "simulate", "-o", "json"]);
        assert_eq!(done.code, 0, "{done:?}");
        done.json()["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some((stop, done)) = self.worker.take() {
            stop.cancel();
            let _ = RUNTIME.block_on(done);
        }
        self.stop();
        // Removing a database takes a runtime.
        let database = self.database.take();
        let _guard = RUNTIME.enter();
        drop(database);
    }
}

async fn serve(listen: &str, database: &Database) -> (SocketAddr, (CancellationToken, JoinHandle<()>)) {
    let options = Options { listen: listen.to_owned(), ..Options::default() };
    let store = Store::new(Settings::new(&database.url()).unwrap());
    let server = Server::bind(options, store).await.unwrap();
    let address = server.local_addr();
    let stop = CancellationToken::new();
    let token = stop.clone();
    (address, (stop, tokio::spawn(async move { server.run(token).await.unwrap() })))
}

/// The binary with an environment that holds nothing of the tester's own.
pub(crate) fn command(address: &str, args: &[&str]) -> Command {
    let mut command = bare(args);
    command.env("TASK_ADDRESS", address);
    command
}

pub(crate) fn bare(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_task-cli"));
    command.env_clear().env("HOME", "/nonexistent").args(args);
    command
}

/// How the binary ended, and what it said.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Asserts the exit code and that standard error holds these words.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.stderr.contains(words), "no `{words}` in {}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }

    #[track_caller]
    pub(crate) fn is_well(&self) -> &Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

pub(crate) fn run(mut command: Command, input: Option<&str>) -> Done {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // It may end before it has read all: then that is what the test is about.
        let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
    }
    let output = child.wait_with_output().unwrap();
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running binary, read line by line.
pub(crate) struct Talk {
    child: Child,
    lines: mpsc::Receiver<(bool, String)>,
    heard: Vec<(bool, String)>,
}

impl Talk {
    pub(crate) fn new(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = mpsc::sync_channel(10_000);
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        read_lines(stdout, true, tell.clone());
        read_lines(stderr, false, tell);
        Self { child, lines, heard: Vec::new() }
    }

    /// Waits for a line with these words, on either output.
    #[track_caller]
    pub(crate) fn hears(&mut self, words: &str) -> String {
        let end = Instant::now() + LONG;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok((is_data, line)) => {
                    self.heard.push((is_data, line.clone()));
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(error) => panic!("no `{words}` ({error}) in {:?}", self.heard),
            }
        }
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Done {
        while let Ok(line) = self.lines.recv_timeout(LONG) {
            self.heard.push(line);
        }
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let text = |wanted: bool| {
            let lines = self.heard.iter().filter(|(is_data, _)| *is_data == wanted);
            lines.flat_map(|(_, line)| [line.as_str(), "\n"]).collect::<String>()
        };
        let (stdout, stderr) = (text(true), text(false));
        Done { code, stdout, stderr }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(from: impl Read + Send + 'static, is_data: bool, tell: mpsc::SyncSender<(bool, String)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if tell.send((is_data, line)).is_err() {
                return;
            }
        }
    });
}
