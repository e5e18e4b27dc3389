//! The steps for the dashboard: its own checks, and a real browser before the real service.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{repository, tools};

/// Checks, tests and builds the dashboard.
pub(super) fn check() -> Result<String> {
    npm(&["ci", "--no-audit", "--no-fund"])?;
    for script in ["check", "test", "build"] {
        npm(&["run", script])?;
    }
    Ok("checked, tested and built".into())
}

/// Drives a browser through the dashboard that the server has in it.
pub(super) fn drive() -> Result<String> {
    let mut cargo = Command::new(tools::cargo());
    let packages = ["-p", "task-server", "-p", "task-cli", "-p", "task-testing"];
    cargo.current_dir(repository::root()).args(["build", "--quiet", "--locked"]).args(packages);
    tools::run("cargo build", &mut cargo)?;
    let output = Command::new("npm")
        .current_dir(repository::root().join("dashboard"))
        .env("PATH", tools::path())
        .args(["run", "--silent", "e2e"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run npm")?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let counts = counted(&text);
    ensure!(output.status.success(), "{}", if counts.is_empty() { "no browser test ran" } else { &counts });
    Ok(counts)
}

/// What the runner says at its end: `2 failed`, `1 flaky`, `17 passed (40.1s)`.
fn counted(text: &str) -> String {
    let words = ["passed", "failed", "flaky", "skipped", "interrupted"];
    let is_count = |line: &&str| {
        let mut parts = line.split_whitespace();
        parts.next().is_some_and(|number| number.parse::<u32>().is_ok())
            && parts.next().is_some_and(|word| words.contains(&word))
    };
    let lines: Vec<_> = text.lines().map(str::trim).filter(is_count).collect();
    lines.join(", ")
}

fn npm(arguments: &[&str]) -> Result<()> {
    let mut npm = Command::new("npm");
    let name = format!("npm {}", arguments.join(" "));
    tools::run(
        &name,
        npm.current_dir(repository::root().join("dashboard")).env("PATH", tools::path()).args(arguments),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_the_runner_are_found() {
        let text = "  ok 1 pages.spec.ts (1.0s)\n  1 failed\n    [x] pages.spec.ts\n  17 passed (40.1s)\n";
        assert_eq!(counted(text), "1 failed, 17 passed (40.1s)");
        assert_eq!(counted("nothing"), "");
    }
}
