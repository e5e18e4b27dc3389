//! A server under test: `task-server serve`, on an address that outlives it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::process::Process;

/// Longest wait for a server to come up.
const UP: Duration = Duration::from_secs(30);

/// A server, which may be killed and started again on its address.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    database: String,
    log: PathBuf,
    listen: String,
    name: String,
    pub(crate) process: Process,
}

impl Server {
    /// Starts one on a free port and waits until it is ready.
    pub(crate) async fn start(
        program: PathBuf,
        number: usize,
        database: String,
        extra: &[String],
        dir: &Path,
    ) -> Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let listen = format!("127.0.0.1:{port}");
        let mut arguments = vec!["serve".to_owned(), "--listen".to_owned(), listen.clone()];
        arguments.extend_from_slice(extra);
        let name = format!("server-{number}");
        let log = dir.join(format!("{name}.log"));
        let process = run(&name, &program, &arguments, &database, &log)?;
        let mut server = Self { program, arguments, database, log, listen, name, process };
        server.ready(UP).await?;
        Ok(server)
    }

    /// Where clients find it.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Ends it with SIGKILL.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.process.kill().await
    }

    /// Starts it again where it was, after its end. Is not waited for.
    pub(crate) fn again(&mut self) -> Result<()> {
        self.process = run(&self.name, &self.program, &self.arguments, &self.database, &self.log)?;
        Ok(())
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn ready(&mut self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        while !self.is_ready().await {
            if self.process.has_ended()? || Instant::now() >= end {
                bail!("{} is not ready; it said: {}", self.name, self.process.said());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn is_ready(&self) -> bool {
        let asked = async {
            let mut stream = TcpStream::connect(&self.listen).await?;
            stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: chaos\r\nconnection: close\r\n\r\n").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            std::io::Result::Ok(answer.starts_with("HTTP/1.1 200"))
        };
        let asked = tokio::time::timeout(Duration::from_secs(2), asked).await;
        matches!(asked, Ok(Ok(true)))
    }
}

fn run(name: &str, program: &Path, arguments: &[String], database: &str, log: &Path) -> Result<Process> {
    let variables = [("DATABASE_URL", database.to_owned()), ("TASK_LOG_LEVEL", "info".to_owned())];
    Process::start(name, program, arguments, &variables, log)
}
