//! A second server that follows a first one, and may take its place.

use std::time::Duration;

use crate::child::Child;
use crate::home::{Home, make_dir};
use crate::running::Server;
use crate::start::{blocking, start};
use crate::{Error, Running, Settings, cluster};

/// How long a standby that is promoted may take until it takes writes, in seconds.
const PROMOTION: u32 = 60;

impl Running {
    /// Starts a standby of this server: a copy of its data in the empty data directory of `settings`
    /// that follows every change, and answers questions meanwhile. It has the same roles and passwords.
    ///
    /// What this server is set to by its parameters is not taken over: give the standby the same, and at
    /// least as many connections.
    ///
    /// # Errors
    /// [`Error::Settings`] without a data directory, [`Error::Standby`] where the copy cannot be made, and
    /// those of [`start`].
    pub async fn start_standby(&self, settings: Settings) -> Result<Self, Error> {
        let primary = self.shared();
        let copied = settings.clone();
        blocking(move || copy(&primary, &copied)).await?;
        start(settings).await
    }

    /// Makes a standby a server of its own; returns once it takes writes. Make sure that its primary is
    /// gone.
    ///
    /// # Errors
    /// [`Error::Sql`] where it is no standby.
    pub async fn promote(&self) -> Result<(), Error> {
        self.execute("postgres", &format!("SELECT pg_promote(true, {PROMOTION})")).await
    }
}

/// Copies the data of a running server, with what a standby needs to follow it.
fn copy(primary: &Server, settings: &Settings) -> Result<(), Error> {
    settings.check()?;
    if settings.data_dir.is_none() {
        return Err(Error::Settings("a standby needs a data directory".into()));
    }
    // Gives its lock back at the end: the start takes it again.
    let (home, account) = Home::open(settings)?;
    cluster::write_password(&home, &account, &primary.password)?;
    let cluster = home.cluster();
    make_dir(&cluster, 0o700)?;
    account.own(&cluster)?;
    let log = home.open_log()?;
    let before = log.metadata().map_or(0, |found| found.len());
    let mut copy = primary.binaries.command("pg_basebackup");
    copy.args(["--host=127.0.0.1", &format!("--port={}", primary.port), "--no-password"])
        .arg(format!("--username={}", primary.settings.superuser))
        .arg("--pgdata")
        .arg(&cluster)
        .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"])
        .env("PGPASSWORD", &primary.password)
        .current_dir("/")
        .stdin(std::process::Stdio::null())
        .stdout(log.try_clone().map_err(Error::io("share the log file"))?)
        .stderr(log);
    account.apply(&mut copy);
    let copy = Child::start(copy, nix::sys::signal::Signal::SIGTERM)?;
    let limit = settings.start_timeout.max(Duration::from_secs(1));
    match copy.wait_blocking(limit) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(Error::Standby { status, output: home.log_tail(before) }),
        None => {
            copy.signal(nix::sys::signal::Signal::SIGKILL);
            Err(Error::NotReady { waited: limit, log: home.log(), tail: home.log_tail(before) })
        }
    }
}
