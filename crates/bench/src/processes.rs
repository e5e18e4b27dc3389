//! The service's own processes, as users run them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// A process that is ended when this is dropped.
pub(crate) struct Process {
    child: Child,
    name: &'static str,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Processor time.
    pub(crate) cpu: Duration,
    /// Memory in use, in bytes.
    pub(crate) rss: u64,
}

impl Usage {
    /// What this very process has used so far.
    pub(crate) fn own() -> Result<Self> {
        Self::of(std::process::id())
    }

    fn of(pid: u32) -> Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The second field is the name in parentheses and may hold anything; count behind it.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let number = |n: usize| fields.get(n).and_then(|f| f.parse::<u64>().ok()).unwrap_or_default();
        let ticks = number(11) + number(12);
        Ok(Self { cpu: Duration::from_millis(ticks * 10), rss: number(21) * 4_096 })
    }
}

impl Process {
    fn start(name: &'static str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let program = beside(name)?;
        let child = Command::new(&program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, name })
    }

    /// Starts a server on a free port and waits until it is ready.
    pub(crate) async fn server(database: &str) -> Result<(Self, String)> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let listen = address.to_string();
        let arguments = ["serve", "--listen", &listen];
        let server = Self::start("task-server", &arguments, &[("DATABASE_URL", database)])?;
        let url = format!("http://{address}");
        server.wait("ready", async || ready(address).await).await?;
        Ok((server, url))
    }

    /// Starts a worker. It is not waited for.
    pub(crate) fn worker(database: &str, slots: usize) -> Result<Self> {
        let slots = slots.to_string();
        let arguments = ["serve", "--types", "simulate", "--concurrency", &slots];
        Self::start("task-cli", &arguments, &[("DATABASE_URL", database)])
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.id().context("the process has ended")?)
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.child.id().context("the process has ended")?;
        Ok(kill(Pid::from_raw(pid.cast_signed()), signal)?)
    }

    async fn wait(&self, what: &str, done: impl AsyncFn() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !done().await {
            if begun.elapsed() > Duration::from_secs(20) {
                bail!("{} was not {what} after 20 s", self.name);
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Stops it in good order.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.signal(Signal::SIGTERM)?;
        if tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await.is_err() {
            bail!("{} did not stop", self.name);
        }
        Ok(())
    }
}

async fn ready(address: SocketAddr) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let asked = async {
        let mut stream = tokio::net::TcpStream::connect(address).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer.starts_with("HTTP/1.1 200"))
    };
    asked.await.unwrap_or(false)
}

/// A binary of the same build.
fn beside(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let program = own.parent().unwrap_or(Path::new(".")).join(name);
    if !program.exists() {
        bail!("{} is missing: use `make bench`, which builds it", program.display());
    }
    Ok(program)
}
