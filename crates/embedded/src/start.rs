//! The way from settings to a server that accepts connections.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::child::{Child, LOOK_AGAIN};
use crate::home::Home;
use crate::pid_file::PidFile;
use crate::running::{Running, Server};
use crate::{Error, Settings, cluster, sql};

/// How long a server whose supervisor is gone may take to notice, before it is somebody else's.
const ORPHAN_GRACE: Duration = Duration::from_secs(3);

/// Picked ports come from below the range the usual systems use for outgoing connections, so that
/// a port is still free when its server is restarted.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

/// How many ports are tried.
const PORT_TRIES: u32 = 50;

/// Starts a server and returns when it accepts connections.
///
/// Runs `initdb` first if there is no data yet (about a third of a second); otherwise recovers
/// from whatever the last run ended with.
///
/// # Errors
/// See [`Error`]; a server that does not come up is told with the last lines of its log.
///
/// # Cancel safety
/// A start that is dropped goes on in the background, and stops its server when it is done.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn start(settings: Settings) -> Result<Running, Error> {
    blocking(move || start_blocking(settings)).await
}

/// Runs blocking work off the runtime's threads, and passes a panic on.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn start_blocking(settings: Settings) -> Result<Running, Error> {
    settings.check()?;
    let (home, account) = Home::open(&settings)?;
    refuse_live_server(&home)?;
    let wanted = home.data_version().map(|major| (major, home.dir.as_path()));
    let binaries = Binaries::find(settings.bin_dir.as_deref(), wanted)?;
    account.check_reach(binaries.dir())?;
    let password = cluster::prepare(&settings, &home, &account, &binaries)?;
    let mut server =
        Server { port: settings.port, password: password.text, settings, home, account, binaries };
    let child = launch_on_a_port(&mut server)?;
    tracing::debug!(pid = child.pid(), port = server.port, dir = %server.home.dir.display(), "PostgreSQL is ready");
    let running = Running::new(server, child);
    if password.to_be_set {
        let server = running.server();
        let role = sql::identifier(&server.settings.superuser)?;
        let statement = format!("ALTER ROLE {role} PASSWORD {}", sql::literal(&server.password)?);
        server.execute("postgres", &statement)?;
    }
    Ok(running)
}

/// Makes sure nobody serves this data, and clears away the pid file of a server that is gone.
pub(crate) fn refuse_live_server(home: &Home) -> Result<(), Error> {
    let cluster = home.cluster();
    let deadline = Instant::now() + ORPHAN_GRACE;
    while let Some(file) = PidFile::read(&cluster) {
        if !file.is_live(&cluster) {
            // PostgreSQL would refuse to start if the number belongs to another process by now.
            let path = cluster.join("postmaster.pid");
            return std::fs::remove_file(&path).map_err(Error::io(format!("remove {}", path.display())));
        }
        if Instant::now() >= deadline {
            return Err(Error::AlreadyRunning { data_dir: home.dir.clone(), pid: file.pid });
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

/// Starts on the port asked for, or on one that is free.
fn launch_on_a_port(server: &mut Server) -> Result<Child, Error> {
    if server.settings.port != 0 {
        return launch(server);
    }
    let mut tries = 0;
    loop {
        server.port = free_port()?;
        tries += 1;
        match launch(server) {
            // Somebody took it between the look and the start.
            Err(Error::EndedEarly { tail, .. }) if tries < 5 && tail.contains("Address already in use") => {}
            result => return result,
        }
    }
}

/// Starts the server on its port and waits until it accepts connections.
pub(crate) fn launch(server: &Server) -> Result<Child, Error> {
    let deadline = Instant::now() + server.settings.start_timeout;
    loop {
        let error = match launch_once(server, deadline) {
            Ok(child) => return Ok(child),
            Err(error) => error,
        };
        // The backends of a killed server hold its shared memory until they notice.
        let passes =
            matches!(&error, Error::EndedEarly { tail, .. } if tail.contains("pre-existing shared memory"));
        if !passes || Instant::now() >= deadline {
            return Err(error);
        }
        thread::sleep(LOOK_AGAIN);
    }
}

fn launch_once(server: &Server, deadline: Instant) -> Result<Child, Error> {
    let Server { home, account, .. } = server;
    let log = home.open_log()?;
    let before = log.metadata().map_or(0, |found| found.len());
    let mut postgres = server.binaries.command("postgres");
    postgres
        .arg("-D")
        .arg(home.cluster())
        .args(["-c", "listen_addresses=127.0.0.1"])
        .args(["-c", &format!("port={}", server.port)])
        .args(["-c", &format!("unix_socket_directories={}", quoted_dir(home))])
        .args(["-c", "unix_socket_permissions=0700"])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(Error::io("share the log file"))?)
        .stderr(log);
    for parameter in server.settings.server_parameters() {
        postgres.args(["-c", &parameter]);
    }
    Account::apply(account, &mut postgres);
    // SIGINT is the fast shutdown: sessions are cut, a checkpoint is written.
    let child = Child::start(postgres, Signal::SIGINT)?;
    let cluster = home.cluster();
    loop {
        if let Some(status) = child.exit() {
            return Err(Error::EndedEarly { status, log: home.log(), tail: home.log_tail(before) });
        }
        if PidFile::read(&cluster).is_some_and(|file| file.pid == child.pid() && file.is_ready()) {
            return Ok(child);
        }
        if Instant::now() >= deadline {
            child.signal(Signal::SIGQUIT);
            return Err(Error::NotReady {
                waited: server.settings.start_timeout,
                log: home.log(),
                tail: home.log_tail(before),
            });
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// The parameter is a list: quotes keep a comma or a space in the path from splitting it.
fn quoted_dir(home: &Home) -> String {
    format!("\"{}\"", home.socket_dir.display().to_string().replace('"', "\"\""))
}

/// Finds a free port by binding it for a moment.
fn free_port() -> Result<u16, Error> {
    let mut last = None;
    for _ in 0..PORT_TRIES {
        let offset = cluster::random_below(PORTS.end - PORTS.start)?;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, PORTS.start + offset)) {
            Ok(_) => return Ok(PORTS.start + offset),
            Err(error) => last = Some(error),
        }
    }
    Err(Error::io("find a free port")(last.expect("at least one try")))
}
