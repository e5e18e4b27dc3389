//! The binaries under test.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The binaries under test, of one build.
#[derive(Clone, Debug)]
pub struct Programs {
    dir: PathBuf,
}

impl Programs {
    /// Those in a folder.
    ///
    /// # Errors
    /// Where one is missing.
    pub fn in_folder(dir: &Path) -> Result<Self> {
        let programs = Self { dir: dir.to_owned() };
        for program in [programs.server(), programs.cli()] {
            if !program.exists() {
                bail!("{} is missing: `make chaos` builds it", program.display());
            }
        }
        Ok(programs)
    }

    /// Those beside this program.
    ///
    /// # Errors
    /// Where one is missing.
    pub fn beside_this() -> Result<Self> {
        let own = std::env::current_exe().context("cannot tell where this program is")?;
        Self::in_folder(own.parent().unwrap_or(Path::new(".")))
    }

    pub(crate) fn server(&self) -> PathBuf {
        self.dir.join("task-server")
    }

    pub(crate) fn cli(&self) -> PathBuf {
        self.dir.join("task-cli")
    }
}
