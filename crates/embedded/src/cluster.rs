//! Postgres's own files: made once with `initdb`, and who may connect, written at every start.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::child::Child;
use crate::home::Home;
use crate::{Durability, Error, Settings};

/// The superuser's password, and whether the server does not know it yet.
pub(crate) struct Password {
    pub(crate) text: String,
    /// The cluster is older than the password (its file was lost): it has to be set by SQL.
    pub(crate) to_be_set: bool,
}

/// What a password is made of.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Makes the cluster if there is none, and writes who may connect.
pub(crate) fn prepare(
    settings: &Settings,
    home: &Home,
    account: &Account,
    binaries: &Binaries,
) -> Result<Password, Error> {
    let exists = home.cluster().exists();
    let (text, generated) = password(&home.dir.join("password"), account)?;
    if !exists {
        create(settings, home, account, binaries)?;
    }
    let superuser = &settings.superuser;
    write_for(account, &home.cluster().join("pg_hba.conf"), &host_rules(superuser))?;
    let map = format!("own \"{}\" \"{superuser}\"\n", account.own_name);
    write_for(account, &home.cluster().join("pg_ident.conf"), &map)?;
    Ok(Password { text, to_be_set: exists && generated })
}

/// Runs `initdb` beside the final place and renames: a start that is killed half-way leaves
/// nothing that looks like a cluster.
fn create(settings: &Settings, home: &Home, account: &Account, binaries: &Binaries) -> Result<(), Error> {
    let fresh = home.dir.join("cluster.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(Error::io(format!("remove {}", fresh.display())))?;
    }
    crate::home::make_dir(&fresh, 0o700)?;
    account.own(&fresh)?;

    let log = home.open_log()?;
    let before = log.metadata().map_or(0, |found| found.len());
    let mut initdb = binaries.command("initdb");
    initdb
        .arg("--pgdata")
        .arg(&fresh)
        .args(["--username", &settings.superuser])
        .arg("--pwfile")
        .arg(home.dir.join("password"))
        .args(["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--data-checksums"])
        .arg("--no-instructions")
        // A directory that the server's user may enter; it need not be able to enter ours.
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(Error::io("share the log file"))?)
        .stderr(log);
    if settings.durability == Durability::UntilMachineCrash {
        initdb.arg("--no-sync");
    }
    account.apply(&mut initdb);
    let initdb = Child::start(initdb, Signal::SIGTERM)?;
    let Some(status) = initdb.wait_blocking(settings.start_timeout) else {
        initdb.signal(Signal::SIGKILL);
        return Err(Error::NotReady {
            waited: settings.start_timeout,
            log: home.log(),
            tail: home.log_tail(before),
        });
    };
    if !status.success() {
        return Err(Error::InitDb { status, output: home.log_tail(before) });
    }
    let cluster = home.cluster();
    fs::rename(&fresh, &cluster).map_err(Error::io(format!("rename {}", fresh.display())))?;
    // The rename has to survive a crash of the machine as the files do.
    File::open(&home.dir)
        .and_then(|dir| dir.sync_all())
        .map_err(Error::io(format!("sync {}", home.dir.display())))
}

/// Reads the password, or makes one if there is none. Returns whether it was made.
fn password(path: &Path, account: &Account) -> Result<(String, bool), Error> {
    if let Ok(text) = fs::read_to_string(path)
        && !text.trim().is_empty()
    {
        return Ok((text.trim().to_owned(), false));
    }
    // 32 letters of 5 bits each: 160 bits, and nothing an address would have to escape.
    let text: String =
        random::<32>()?.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    write_for(account, path, &text)?;
    Ok((text, true))
}

/// Writes the superuser's password where the next start looks for it.
pub(crate) fn write_password(home: &Home, account: &Account, password: &str) -> Result<(), Error> {
    write_for(account, &home.dir.join("password"), password)
}

/// Random bytes from the system.
fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .map_err(Error::io("read /dev/urandom"))?;
    Ok(bytes)
}

/// A random number below `limit`; the slight bias does no harm in the choice of a port.
pub(crate) fn random_below(limit: u16) -> Result<u16, Error> {
    Ok(u16::from_ne_bytes(random()?) % limit)
}

/// Superuser by socket for the own user alone, everybody else by password.
fn host_rules(superuser: &str) -> String {
    format!(
        "# Written at every start.\n\
         local all \"{superuser}\" peer map=own\n\
         local all all scram-sha-256\n\
         host all all 127.0.0.1/32 scram-sha-256\n\
         host replication \"{superuser}\" 127.0.0.1/32 scram-sha-256\n"
    )
}

/// Writes a file that only the server's user (and root) may read.
fn write_for(account: &Account, path: &Path, text: &str) -> Result<(), Error> {
    let write = || {
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(Error::io(format!("write {}", path.display())))?;
    account.own(path)
}
