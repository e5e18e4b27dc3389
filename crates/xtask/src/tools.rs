//! Tools that are not written in Rust, kept under `target/` and so removed by `cargo clean`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::repository;

/// The version of buf, fixed so that a new release cannot turn a green build red.
const BUF: &str = "buf-bin==1.75.0";

/// The program that lints the interface. Installed on the first call, from the Python package
/// index, into an environment of its own.
pub(crate) fn buf() -> Result<PathBuf> {
    let environment = repository::root().join("target/tools");
    let buf = environment.join("bin/buf");
    let stamp = environment.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == BUF) && buf.is_file() {
        return Ok(buf);
    }
    println!("installing {BUF} into target/tools");
    std::fs::create_dir_all(&environment).context("cannot make target/tools")?;
    run("python3", Command::new("python3").args(["-m", "venv"]).arg(&environment))
        .context("buf comes as a Python package: `make bootstrap` installs python3-venv")?;
    run("pip", Command::new(environment.join("bin/pip")).args(["install", "--quiet", BUF]))?;
    std::fs::write(&stamp, BUF).context("cannot note what is installed")?;
    Ok(buf)
}

/// The cargo that runs this.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a command to its end, and fails if it did.
pub(crate) fn run(name: &str, command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {name}"))?;
    ensure!(status.success(), "{name} ended with {status}");
    Ok(())
}

/// Whether a program is in `PATH`.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}
