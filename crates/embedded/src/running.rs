//! The handle of a running server.

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::child::{Child, LOOK_AGAIN};
use crate::home::Home;
use crate::start::{blocking, launch, refuse_live_server};
use crate::{Error, Settings, processes};

/// How long dropping a [`Running`] may hold up its thread.
const DROP_WAIT: Duration = Duration::from_millis(500);

/// How a server is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Cuts all sessions, rolls open transactions back and writes a checkpoint (SIGINT).
    Fast,
    /// Ends at once, as in a crash: the next start recovers from the log (SIGQUIT).
    Immediate,
}

impl Shutdown {
    fn signal(self) -> Signal {
        match self {
            Self::Fast => Signal::SIGINT,
            Self::Immediate => Signal::SIGQUIT,
        }
    }
}

/// Everything about a server that stays the same over its restarts.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) settings: Settings,
    pub(crate) port: u16,
    pub(crate) password: String,
    pub(crate) home: Home,
    pub(crate) account: Account,
    pub(crate) binaries: Binaries,
}

/// A local Postgres under supervision.
///
/// Dropping it stops the server (fast, or immediately if its data is ephemeral) and waits at most
/// half a second; a longer shutdown ends in the background. [`Running::stop`] is the better way,
/// since it tells whether it worked.
#[derive(Debug)]
pub struct Running {
    server: Arc<Server>,
    child: Child,
}

impl Running {
    pub(crate) fn new(server: Server, child: Child) -> Self {
        Self { server: Arc::new(server), child }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// The same, for work off this thread.
    pub(crate) fn shared(&self) -> Arc<Server> {
        Arc::clone(&self.server)
    }

    /// Address of a database by TCP on 127.0.0.1, as the superuser, password included. Stays the
    /// same over [`restart`](Self::restart).
    pub fn url(&self, database: &str) -> String {
        self.url_as(&self.server.settings.superuser, &self.server.password, database)
    }

    /// Address of a database by TCP for another role, such as one of
    /// [`create_role`](Self::create_role).
    pub fn url_as(&self, role: &str, password: &str, database: &str) -> String {
        self.server.tcp_url(role, password, database)
    }

    /// Address of a database by the unix socket, as the superuser. It needs no password and
    /// connects faster, but works only for the operating-system user that started the server.
    pub fn socket_url(&self, database: &str) -> String {
        self.server.socket_url(database)
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// The process id of the server (the postmaster), also after it has ended.
    pub fn pid(&self) -> i32 {
        self.child.pid()
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.server.home.dir
    }

    /// The server's log file.
    pub fn log_path(&self) -> std::path::PathBuf {
        self.server.home.log()
    }

    /// The programs in use.
    pub fn binaries(&self) -> &Binaries {
        &self.server.binaries
    }

    /// Creates a database if it is missing.
    ///
    /// # Errors
    /// [`Error::Settings`] for an impossible name, [`Error::Sql`] if the server refuses.
    pub async fn create_database_if_missing(&self, name: &str) -> Result<(), Error> {
        let (server, name) = (Arc::clone(&self.server), name.to_owned());
        blocking(move || server.create_database_if_missing(&name)).await
    }

    /// Creates a role that may log in with this password (by [`url_as`](Self::url_as)); one that
    /// exists gets the new password.
    ///
    /// # Errors
    /// [`Error::Settings`] for an impossible name, [`Error::Sql`] if the server refuses.
    pub async fn create_role(&self, name: &str, password: &str) -> Result<(), Error> {
        let (server, name, password) = (Arc::clone(&self.server), name.to_owned(), password.to_owned());
        blocking(move || server.create_role(&name, &password)).await
    }

    /// Runs a script of SQL statements in a database, as the superuser; stops at the first error.
    ///
    /// # Errors
    /// [`Error::Sql`] with the server's words.
    pub async fn execute(&self, database: &str, statements: &str) -> Result<(), Error> {
        let (server, database, statements) =
            (Arc::clone(&self.server), database.to_owned(), statements.to_owned());
        blocking(move || server.execute(&database, &statements)).await
    }

    /// Whether the server process runs.
    pub fn is_running(&self) -> bool {
        self.child.exit().is_none()
    }

    /// Waits until the server ends, for whatever reason, and says how.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn wait_exit(&self) -> ExitStatus {
        self.child.wait().await
    }

    /// Stops the server and waits for its end; ephemeral data is removed.
    ///
    /// # Errors
    /// [`Error::NotStopped`] after the `stop_timeout`; the server then goes on stopping.
    pub async fn stop(mut self, how: Shutdown) -> Result<(), Error> {
        self.shut_down(how).await
    }

    /// Stops the server and waits for its end, but keeps data and lock, so that
    /// [`restart`](Self::restart) can bring it back. No error if it has ended already.
    ///
    /// # Errors
    /// [`Error::NotStopped`] after the `stop_timeout`; the server then goes on stopping.
    pub async fn shut_down(&mut self, how: Shutdown) -> Result<(), Error> {
        self.child.signal(how.signal());
        self.ended().await
    }

    /// Kills the server and all its sessions with SIGKILL, as a crash of the machine would, and
    /// waits until they are gone. For tests of what survives.
    ///
    /// # Errors
    /// [`Error::NotStopped`] after the `stop_timeout`.
    pub async fn kill_hard(&mut self) -> Result<(), Error> {
        let child = self.child.clone();
        let limit = self.server.settings.stop_timeout;
        blocking(move || kill_all(&child, limit)).await
    }

    /// Starts the server again, on the same data and the same port; shuts it down first if it
    /// runs.
    ///
    /// # Errors
    /// As for [`start`](crate::start) and [`shut_down`](Self::shut_down).
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.shut_down(Shutdown::Fast).await?;
        let server = Arc::clone(&self.server);
        self.child = blocking(move || {
            refuse_live_server(&server.home)?;
            launch(&server)
        })
        .await?;
        Ok(())
    }

    async fn ended(&self) -> Result<(), Error> {
        let waited = self.server.settings.stop_timeout;
        match tokio::time::timeout(waited, self.child.wait()).await {
            Ok(status) => {
                tracing::debug!(pid = self.child.pid(), %status, "PostgreSQL has ended");
                Ok(())
            }
            Err(_) => Err(Error::NotStopped { pid: self.child.pid(), waited }),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let how = if self.server.settings.data_dir.is_some() { Shutdown::Fast } else { Shutdown::Immediate };
        self.child.signal(how.signal());
        if self.child.wait_blocking(DROP_WAIT).is_some() {
            return;
        }
        // The lock and the directory stay held until the server has really gone. If the thread
        // cannot start or the process ends first, the next start waits or sweeps.
        let (child, server) = (self.child.clone(), Arc::clone(&self.server));
        let _ = thread::Builder::new().name("postgres-stop".into()).spawn(move || {
            child.wait_blocking(server.settings.stop_timeout);
        });
    }
}

fn kill_all(child: &Child, limit: Duration) -> Result<(), Error> {
    let deadline = Instant::now() + limit;
    // Frozen first: a postmaster that runs could start a backend between the look and the kill.
    child.signal(Signal::SIGSTOP);
    let mut backends = processes::children(child.pid());
    child.signal(Signal::SIGKILL);
    for &backend in &backends {
        processes::signal(backend, Signal::SIGKILL);
    }
    let not_stopped = Error::NotStopped { pid: child.pid(), waited: limit };
    if child.wait_blocking(limit).is_none() {
        return Err(not_stopped);
    }
    loop {
        backends.retain(|&backend| processes::is_alive(backend));
        if backends.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(not_stopped);
        }
        thread::sleep(LOOK_AGAIN);
    }
}
