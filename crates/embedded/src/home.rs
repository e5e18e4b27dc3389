//! The data directory: its layout, its lock, and the place of the unix socket.
//!
//! ```text
//! DATA_DIR/lock          held while a supervisor works here
//! DATA_DIR/password      the superuser's password, mode 0600
//! DATA_DIR/postgres.log  what the server says; postgres.log.1 is the one before
//! DATA_DIR/run/          the unix socket; if that path would be too long for one, it is in a
//!                        temporary directory, which is locked and removed as well
//! DATA_DIR/cluster/      Postgres's own files
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::account::Account;
use crate::{Error, Settings, sweep};

/// A log longer than this is set aside at the next start, so that it cannot grow for ever.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;

/// How much of the end of a log goes into an error.
const TAIL_BYTES: u64 = 2048;

/// Room for a socket path: the smallest `sun_path` of the supported systems is 104 bytes, and the
/// file name `.s.PGSQL.65535.lock` with its slash takes 20.
const SOCKET_DIR_LIMIT: usize = 80;

/// A locked data directory. Dropping it gives the lock back and removes what was temporary.
#[derive(Debug)]
pub(crate) struct Home {
    /// The data directory.
    pub(crate) dir: PathBuf,
    /// Where the unix socket is.
    pub(crate) socket_dir: PathBuf,
    /// Removed when dropped; declared before the locks so that they cover the removal.
    _temporary: Vec<TempDir>,
    _locks: Vec<File>,
}

impl Home {
    /// Makes the data directory if it is missing, and locks it.
    pub(crate) fn open(settings: &Settings) -> Result<(Self, Account), Error> {
        sweep::remove_abandoned(&settings.temp_root);
        let mut temporary = Vec::new();
        let dir = if let Some(dir) = &settings.data_dir {
            std::path::absolute(dir).map_err(Error::io(format!("resolve {}", dir.display())))?
        } else {
            new_temporary(&settings.temp_root, &mut temporary)?
        };
        let account = Account::choose(fs::metadata(dir.join("cluster")).ok().as_ref())?;
        make_dir(&dir, account.passage_mode())?;
        if settings.data_dir.is_none() {
            // Made private above; now that the server's user is known, it may pass through.
            set_mode(&dir, account.passage_mode())?;
        }
        account.check_reach(&dir)?;
        let mut locks = vec![lock(&dir)?];

        let mut socket_dir = dir.join("run");
        if socket_dir.as_os_str().len() > SOCKET_DIR_LIMIT {
            // Locked as well, so that the sweep knows whether it is still in use.
            let outside = new_temporary(&settings.temp_root, &mut temporary)?;
            set_mode(&outside, account.passage_mode())?;
            locks.push(lock(&outside)?);
            account.check_reach(&outside)?;
            socket_dir = outside.join("run");
        }
        make_dir(&socket_dir, 0o700)?;
        account.own(&socket_dir)?;
        Ok((Self { dir, socket_dir, _temporary: temporary, _locks: locks }, account))
    }

    /// Postgres's own files.
    pub(crate) fn cluster(&self) -> PathBuf {
        self.dir.join("cluster")
    }

    /// The log file.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join("postgres.log")
    }

    /// Opens the log for a server to write to.
    pub(crate) fn open_log(&self) -> Result<File, Error> {
        let path = self.log();
        if fs::metadata(&path).is_ok_and(|found| found.len() > LOG_LIMIT) {
            let aside = self.dir.join("postgres.log.1");
            fs::rename(&path, &aside).map_err(Error::io(format!("rename {}", path.display())))?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io(format!("open {}", path.display())))
    }

    /// The last lines of the log, but nothing from before `since` bytes.
    pub(crate) fn log_tail(&self, since: u64) -> String {
        let read = || -> std::io::Result<String> {
            let mut file = File::open(self.log())?;
            let end = file.metadata()?.len();
            file.seek(SeekFrom::Start(since.max(end.saturating_sub(TAIL_BYTES))))?;
            let mut bytes = Vec::new();
            file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
        };
        read().unwrap_or_else(|error| format!("(the log could not be read: {error})"))
    }

    /// The major version that wrote the data, if there is data.
    pub(crate) fn data_version(&self) -> Option<u32> {
        fs::read_to_string(self.cluster().join("PG_VERSION")).ok()?.trim().parse().ok()
    }
}

/// Checks that a server of this process could keep its data in `dir`, which need not exist yet:
/// root's server runs as another user, which cannot enter a private home such as `/root`.
///
/// # Errors
/// [`Error::Unreachable`] with the directory that is in the way and what to do.
pub fn check_data_dir(dir: &Path) -> Result<(), Error> {
    let dir = std::path::absolute(dir).map_err(Error::io(format!("resolve {}", dir.display())))?;
    let account = Account::choose(fs::metadata(dir.join("cluster")).ok().as_ref())?;
    match dir.ancestors().find(|above| above.exists()) {
        Some(above) => account.check_reach(above),
        None => Ok(()),
    }
}

/// Makes a directory and what is missing above it; one that exists is left as it is.
pub(crate) fn make_dir(dir: &Path, mode: u32) -> Result<(), Error> {
    let failed = |dir: &Path| Error::io(format!("make the directory {}", dir.display()));
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).map_err(failed(parent))?;
    }
    match DirBuilder::new().mode(mode).create(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(failed(dir)(error)),
        // The mask of the process may have taken bits away.
        Ok(()) => set_mode(dir, mode),
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(Error::io(format!("set the mode of {}", path.display())))
}

/// Makes a private directory that goes away with `kept`.
fn new_temporary(root: &Path, kept: &mut Vec<TempDir>) -> Result<PathBuf, Error> {
    let dir = tempfile::Builder::new()
        .prefix(sweep::PREFIX)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(root)
        .map_err(Error::io(format!("make a directory in {}", root.display())))?;
    let path = dir.path().to_owned();
    kept.push(dir);
    Ok(path)
}

/// Takes the lock, or says who is in the way. The system gives it back when this process ends,
/// however it ends; the server does not inherit it.
fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(Error::io(format!("open {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { data_dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::io(format!("lock {}", path.display()))(error)),
    }
}
