//! Node and npm, which build the dashboard.

use std::process::Command;

use anyhow::{Context, Result};

use super::{has_venv, install};
use crate::tools;

/// The oldest version that the dashboard is built with, as its `package.json` has it.
const OLDEST: (u32, u32) = (20, 19);

/// The version that is there.
///
/// # Errors
/// There is none, or an old one, or one without npm.
pub(crate) fn look() -> Result<String> {
    tell("npm", &["--version"]).context("npm is missing")?;
    let version = tell("node", &["--version"]).context("node is missing")?;
    let (major, minor) = OLDEST;
    anyhow::ensure!(release(&version) >= Some(OLDEST), "node {version} is older than {major}.{minor}");
    Ok(version)
}

/// As [`look`], but installs what is missing: the system's own packages where they are new enough and may
/// be installed, or else a Python package, which asks for no rights.
pub(crate) fn bring() -> Result<String> {
    let missing = match look() {
        Ok(version) => return Ok(version),
        Err(missing) => missing,
    };
    println!("node: {missing:#}");
    if release(&offered()) < Some(OLDEST) {
        from_python()?;
    } else if let Err(refused) = from_system() {
        println!("node: {refused:#}");
        from_python()?;
    }
    look().context("Node was installed and is not found; get it from https://nodejs.org")
}

fn from_system() -> Result<()> {
    if release(&tell("node", &["--version"]).unwrap_or_default()) < Some(OLDEST) {
        install("Node", "nodejs")?;
    }
    // Some packages of Node bring it along.
    if !tools::is_installed("npm") {
        install("npm", "npm")?;
    }
    Ok(())
}

fn from_python() -> Result<()> {
    if !has_venv() {
        install("Python's venv module (Node comes as a Python package)", "python3-venv")?;
    }
    tools::node()
}

/// The version that the system's package manager would install; empty where that is not known.
fn offered() -> String {
    let policy = tell("apt-cache", &["policy", "nodejs"]).unwrap_or_default();
    let candidate = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate:"));
    candidate.unwrap_or_default().trim().to_owned()
}

/// 20 and 19 of `v20.19.0`, and of `20.19.0+dfsg-1`.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim_start_matches('v').split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// What a program prints, if it ends well.
fn tell(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).env("PATH", tools::path()).output()?;
    anyhow::ensure!(output.status.success(), "{program} ended with {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository;

    #[test]
    fn versions_are_told_apart() {
        assert_eq!(release("v20.19.0"), Some((20, 19)));
        assert_eq!(release("18.20.4+dfsg-1~deb12u1"), Some((18, 20)));
        assert!(release("v20.9.0") < Some(OLDEST), "numbers, not text");
        assert!(release("v24.0.0") > Some(OLDEST));
        assert!(release("(none)") < Some(OLDEST), "what is not there is not new enough");
        assert!(release("") < Some(OLDEST));
    }

    #[test]
    fn the_dashboard_asks_for_the_same() {
        let package = std::fs::read_to_string(repository::root().join("dashboard/package.json")).unwrap();
        let (major, minor) = OLDEST;
        assert!(package.contains(&format!(r#""node": ">={major}.{minor}""#)), "{package}");
    }
}
