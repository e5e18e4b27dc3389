//! Postgres, which everything here starts by itself.

use anyhow::{Context, Result};
use task_embedded::{Binaries, Download, OLDEST_MAJOR};

use super::install;
use crate::tools;

/// Says which one is there. Installs what is missing: the system's own package where that is Debian's and may
/// be installed, or else a download for this repository alone, which asks for no rights.
pub(crate) fn bring() -> Result<()> {
    let found = find().or_else(|missing| {
        println!("postgres: {missing}");
        from_system().or_else(|refused| {
            println!("postgres: {refused:#}");
            from_python()
        })
    })?;
    println!("postgres: {} in {}", found.major(), found.dir().display());
    Ok(())
}

fn find() -> Result<Binaries, task_embedded::Error> {
    Binaries::find(None, None)
}

fn from_system() -> Result<Binaries> {
    install("PostgreSQL", "postgresql")?;
    // The package starts a server for the whole machine, which is not used here.
    find().with_context(|| format!("the package `postgresql` of this system is older than {OLDEST_MAJOR}"))
}

fn from_python() -> Result<Binaries> {
    let download = Download::into_cache(tools::folder());
    println!("postgres: {}", download.describe());
    let binaries = download.run()?;
    // One program is enough: the others are found beside what the link points at.
    tools::link("postgres", &binaries.dir().join("postgres"))?;
    Ok(binaries)
}
