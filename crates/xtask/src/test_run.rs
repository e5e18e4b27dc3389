//! `make test`: every check and every test, one after the other, and a summary of all.
//!
//! A step that fails does not keep the others from running: one run shows everything that is
//! wrong.

mod counts;
mod dashboard;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use self::counts::Counts;
use crate::{bootstrap, layering, links, lockfile, mutants, paths, repository, tools};

/// Does its work and says in a few words what it found.
type Step = fn() -> Result<String>;

/// How a step went.
struct Done {
    name: &'static str,
    took: Duration,
    outcome: Result<String>,
}

pub(crate) fn run() -> Result<()> {
    let steps: [(&'static str, Step); 10] = [
        ("set-up", || bootstrap::run().map(|()| "all that the tests need is there".into())),
        ("layering", || layering::run().map(|()| "no forbidden import".into())),
        ("tracked files", || {
            let done = lockfile::run().and_then(|()| paths::run()).and_then(|()| links::run());
            done.map(|()| "registries, paths and links".into())
        }),
        ("format", || cargo(&["fmt", "--all", "--check"]).map(|()| "as rustfmt wants it".into())),
        ("interface", lint_interface),
        // Before all that builds the server, which takes it in.
        ("dashboard", dashboard::check),
        ("lint", || {
            let clippy =
                ["clippy", "--quiet", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
            cargo(&clippy).map(|()| "no warning".into())
        }),
        ("tests", tests),
        ("browser", dashboard::drive),
        ("seeded faults", mutants::run),
    ];
    let begun = Instant::now();
    let done: Vec<Done> = steps.into_iter().map(|(name, step)| carry_out(name, step)).collect();
    println!("\n{:-<78}", "");
    for Done { name, took, outcome } in &done {
        let (verdict, text) = match outcome {
            Ok(text) => ("ok", text.clone()),
            Err(error) => ("FAILED", first_line(error)),
        };
        println!("{name:<14} {verdict:<7} {:>7.1} s  {text}", took.as_secs_f64());
    }
    let failed = done.iter().filter(|step| step.outcome.is_err()).count();
    println!(
        "{:<14} {:<7} {:>7.1} s",
        "all",
        if failed == 0 { "ok" } else { "FAILED" },
        begun.elapsed().as_secs_f64()
    );
    ensure!(failed == 0, "{failed} of {} steps failed", done.len());
    Ok(())
}

fn carry_out(name: &'static str, step: Step) -> Done {
    println!("== {name}");
    let begun = Instant::now();
    let outcome = step();
    if let Err(error) = &outcome {
        println!("{error:#}");
    }
    Done { name, took: begun.elapsed(), outcome }
}

fn first_line(error: &anyhow::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn cargo(arguments: &[&str]) -> Result<()> {
    let mut cargo = Command::new(tools::cargo());
    tools::run(&format!("cargo {}", arguments[0]), cargo.current_dir(repository::root()).args(arguments))
}

fn lint_interface() -> Result<String> {
    let buf = tools::buf()?;
    tools::run("buf lint", Command::new(buf).current_dir(repository::root()).args(["lint", "proto"]))?;
    Ok("as buf wants it".into())
}

/// Runs the tests on one Postgres for all test programs, which would else start one each, and
/// counts them as they go by.
fn tests() -> Result<String> {
    let mut child = Command::new(tools::cargo())
        .current_dir(repository::root())
        .args(["run", "--quiet", "--locked", "-p", "task-testing", "--"])
        .arg(tools::cargo())
        .args(["test", "--locked", "--workspace", "--no-fail-fast"])
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let mut counts = Counts::default();
    let output = child.stdout.take().expect("piped above");
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read what the tests say")?;
        counts.add(&String::from_utf8_lossy(&line));
        let mut out = std::io::stdout().lock();
        out.write_all(&line).and_then(|()| out.write_all(b"\n")).context("cannot show what the tests say")?;
    }
    let status = child.wait().context("cannot wait for cargo")?;
    for name in counts.failures() {
        println!("failed: {name}");
    }
    ensure!(status.success(), "{counts}");
    ensure!(counts.passed() > 0, "no test ran");
    Ok(counts.to_string())
}
