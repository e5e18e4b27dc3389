//! Finds an installed Postgres: a directory named by the caller, then `PATH`, then the usual
//! places of the common packagers, newest version first.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// The oldest major version of Postgres that is supported.
pub const OLDEST_MAJOR: u32 = 15;

/// The programs without which nothing works.
const NEEDED: [&str; 3] = ["postgres", "initdb", "psql"];

/// Where packagers put servers, with `*` for the part that carries the version.
const PLACES: [&str; 9] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/lib/postgresql*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/opt/local/lib/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
];

/// The programs of one installed Postgres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds the server to use: `explicit` alone if it is given, else the first good one of
    /// `PATH` and the usual places. With `wanted`, only that major version will do (the one that
    /// wrote the data).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::IncompleteBinaries`], [`Error::TooOld`] or
    /// [`Error::WrongVersion`], each naming what to install. Blocks shortly: it runs
    /// `postgres --version` of each candidate.
    pub fn find(explicit: Option<&Path>, wanted: Option<(u32, &Path)>) -> Result<Self, Error> {
        let candidates = match explicit {
            Some(dir) => vec![Self::open(dir)?],
            None => search(),
        };
        choose(candidates, wanted)
    }

    /// Reads the version of the server in `dir`.
    ///
    /// # Errors
    /// [`Error::IncompleteBinaries`] if a program is missing, [`Error::Io`] if it cannot run.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let missing = NEEDED.into_iter().find(|program| !dir.join(program).is_file());
        if let Some(missing) = missing {
            return Err(Error::IncompleteBinaries { dir: dir.to_owned(), missing });
        }
        let postgres = dir.join("postgres");
        let output = Command::new(&postgres)
            .arg("--version")
            .output()
            .map_err(Error::io(format!("run {} --version", postgres.display())))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let major = major_version(&said).ok_or_else(|| Error::Io {
            doing: format!("read the version of {}", postgres.display()),
            source: std::io::Error::other(format!(
                "it said `{}{}`",
                said.trim(),
                String::from_utf8_lossy(&output.stderr).trim()
            )),
        })?;
        Ok(Self { dir: dir.to_owned(), major })
    }

    /// The directory that holds the programs.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The major version, such as 15.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// A command for one of the programs, with an environment of its own: settings such as
    /// `PGHOST`, `PGOPTIONS` or a locale of the caller must not change what a server does.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.dir.join(program));
        command.env_clear();
        // Without them the dynamic linker may not find the libraries of an unusual installation.
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }
}

/// All whole servers on this machine, in the order of preference.
fn search() -> Vec<Binaries> {
    let path = env::var_os("PATH").unwrap_or_default();
    // A link in PATH points at the real directory, which has the sibling programs.
    let on_path = env::split_paths(&path)
        .filter_map(|dir| dir.join("postgres").canonicalize().ok())
        .filter_map(|postgres| postgres.parent().map(Path::to_owned));
    let mut found: Vec<Binaries> = on_path.filter_map(|dir| Binaries::open(&dir).ok()).collect();
    let mut installed: Vec<Binaries> =
        PLACES.into_iter().flat_map(expand).filter_map(|dir| Binaries::open(&dir).ok()).collect();
    installed.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
    found.extend(installed);
    found
}

/// Picks the first candidate that is new enough and fits the data.
fn choose(candidates: Vec<Binaries>, wanted: Option<(u32, &Path)>) -> Result<Binaries, Error> {
    let (good, old): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|binaries| binaries.major >= OLDEST_MAJOR);
    if good.is_empty() {
        return Err(match old.into_iter().max_by_key(|binaries| binaries.major) {
            Some(newest) => Error::TooOld { dir: newest.dir, found: newest.major, oldest: OLDEST_MAJOR },
            None => Error::NotFound { places: PLACES.map(str::to_owned).to_vec() },
        });
    }
    let Some((wanted, data_dir)) = wanted else {
        return Ok(good.into_iter().next().expect("checked above"));
    };
    let mut available: Vec<String> = good.iter().map(|binaries| binaries.major.to_string()).collect();
    available.dedup();
    good.into_iter().find(|binaries| binaries.major == wanted).ok_or_else(|| Error::WrongVersion {
        data_dir: data_dir.to_owned(),
        wanted,
        available: available.join(", "),
    })
}

/// The directories that match a pattern with at most one `*`.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').expect("patterns are absolute");
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .collect()
}

/// Reads 15 from `postgres (Postgres) 15.8 (Debian 15.8-1)`, 18 from `... 18beta1`.
fn major_version(said: &str) -> Option<u32> {
    let version = said.split_once("(PostgreSQL) ")?.1;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(dir: &str, major: u32) -> Binaries {
        Binaries { dir: dir.into(), major }
    }

    #[test]
    fn reads_versions() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major_version("something else 15"), None);
    }

    #[test]
    fn takes_the_first_new_enough() {
        let chosen = choose(vec![at("/a", 14), at("/b", 16), at("/c", 18)], None).expect("one fits");
        assert_eq!(chosen, at("/b", 16));
    }

    #[test]
    fn says_what_is_too_old_or_missing() {
        let old = choose(vec![at("/a", 12), at("/b", 14)], None).expect_err("both too old");
        assert!(old.to_string().contains("PostgreSQL 14 in /b is too old"), "{old}");
        assert!(old.to_string().contains("postgresql-15"), "{old}");
        let none = choose(Vec::new(), None).expect_err("nothing there");
        assert!(none.to_string().contains("apt-get install postgresql"), "{none}");
    }

    #[test]
    fn follows_the_version_of_the_data() {
        let all = || vec![at("/a", 18), at("/b", 15)];
        let data = Path::new("/data");
        assert_eq!(choose(all(), Some((15, data))).expect("15 is there"), at("/b", 15));
        let wrong = choose(all(), Some((16, data))).expect_err("16 is not there");
        assert!(wrong.to_string().contains("written by PostgreSQL 16, but only 18, 15 is here"), "{wrong}");
    }

    #[test]
    fn names_the_missing_program() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("postgres"), "").expect("a file");
        let error = Binaries::find(Some(dir.path()), None).expect_err("initdb is missing");
        assert!(matches!(error, Error::IncompleteBinaries { missing: "initdb", .. }), "{error}");
    }
}
