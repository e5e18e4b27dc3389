//! Checks and errands in Rust, run as `cargo run -p xtask -- COMMAND`.
//!
//! Each check says what is wrong, one sentence a line, and ends with 1.

mod bootstrap;
mod layering;
mod links;
mod lockfile;
mod mutants;
mod paths;
mod repository;
mod test_run;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks and errands of the Task Service's own repository.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Brings a developer's machine what it needs, and says what it does.
    Bootstrap,
    /// Says which Node builds the dashboard, and fails where none can.
    Node {
        /// Install it where it is missing.
        #[arg(long)]
        install: bool,
    },
    /// Says which Postgres is used, and brings one where there is none.
    Postgres,
    /// Checks that no crate imports what crates/README.md forbids it.
    Layering,
    /// Checks that the documentation names only paths that are there.
    Links,
    /// Checks that lockfiles name only the public registries.
    Lockfile,
    /// Checks that no tracked file names a directory of somebody's machine.
    Paths,
    /// Puts seeded faults into the service, one at a time, and expects a test to notice.
    Mutants,
    /// Runs every check and every test, and ends with a summary.
    Test,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Bootstrap => bootstrap::run().map(|()| {
            println!("all there: `make test` runs the tests, `make demo` shows the service");
        }),
        Command::Node { install } => {
            let found = if install { bootstrap::bring_node() } else { bootstrap::look_for_node() };
            found.map(|version| println!("node: {version}"))
        }
        Command::Postgres => bootstrap::bring_postgres(),
        Command::Layering => layering::run(),
        Command::Links => links::run(),
        Command::Lockfile => lockfile::run(),
        Command::Paths => paths::run(),
        Command::Mutants => mutants::run().map(|said| println!("{said}")),
        Command::Test => test_run::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Passes if nothing is wrong; otherwise an error with one line for each sentence.
fn verdict(check: &str, wrong: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(wrong.is_empty(), "{check}:\n- {}", wrong.join("\n- "));
    Ok(())
}
