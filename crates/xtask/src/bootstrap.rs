//! What a developer's machine needs. Looks first, installs only what is missing, so that a second
//! run does nothing.

mod node;
mod postgres;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::tools;

pub(crate) use node::{bring as bring_node, look as look_for_node};
pub(crate) use postgres::bring as bring_postgres;

pub(crate) fn run() -> Result<()> {
    // That this runs shows that cargo is there; the Makefile looks for it before.
    println!("rust: {}", said("cargo", "--version")?);
    if !tools::is_installed("git") {
        install("git", "git")?;
    }
    println!("git: {}", said("git", "--version")?);
    bring_postgres()?;
    pooler()?;
    println!("node: {}", bring_node()?);
    browser()?;
    if !has_venv() {
        install("Python's venv module (buf comes as a Python package)", "python3-venv")?;
    }
    println!("buf: {}", said(tools::buf()?.to_string_lossy().as_ref(), "--version")?);
    Ok(())
}

/// `PgBouncer`, which the fault suite puts before Postgres.
fn pooler() -> Result<()> {
    // Not in the `PATH` of most users.
    let place = "/usr/sbin/pgbouncer";
    if !tools::is_installed("pgbouncer") && !Path::new(place).is_file() {
        // The package starts one for the whole machine, which is not used here.
        install("PgBouncer", "pgbouncer")?;
    }
    let program = if tools::is_installed("pgbouncer") { "pgbouncer" } else { place };
    println!("pgbouncer: {}", said(program, "--version")?);
    Ok(())
}

/// Chromium, in which the dashboard is tested, with fonts for what the tests write.
fn browser() -> Result<()> {
    let known = ["chromium", "chromium-browser", "google-chrome"];
    if !known.into_iter().any(tools::is_installed) {
        install("Chromium", "chromium")?;
        install("fonts, right-to-left ones among them", "fonts-dejavu-core")?;
    }
    let program = known.into_iter().find(|program| tools::is_installed(program)).unwrap_or(known[0]);
    println!("chromium: {}", said(program, "--version")?);
    Ok(())
}

/// Whether `python3 -m venv` works: Debian ships the module without the part it needs.
fn has_venv() -> bool {
    let tried = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    tried.is_ok_and(|tried| tried.status.success())
}

/// Installs a package of the system, where that is Debian or a descendant.
fn install(what: &str, package: &str) -> Result<()> {
    if !tools::is_installed("apt-get") {
        bail!(
            "{what} is missing: install it with the package manager of this system (on Debian it is `{package}`)"
        );
    }
    println!("installing {what}: apt-get install {package}");
    for arguments in [vec!["update", "-q"], vec!["install", "-q", "-y", "--no-install-recommends", package]] {
        let mut command = if is_root() { Command::new("apt-get") } else { sudo() };
        tools::run("apt-get", command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
            .with_context(|| format!("cannot install {what}; run `apt-get install {package}` as root"))?;
    }
    Ok(())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

fn sudo() -> Command {
    let mut command = Command::new("sudo");
    command.arg("apt-get");
    command
}

/// The first line that a program says.
fn said(program: &str, argument: &str) -> Result<String> {
    let output =
        Command::new(program).arg(argument).output().with_context(|| format!("cannot run {program}"))?;
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
