//! The `task-cli` binary: arguments, calls through the client, rendering.
//!
//! Data goes to standard output, talk to standard error. The exit code tells how it went: see
//! [`exit`].

mod args;
mod commands;
mod exit;
mod out;
mod parse;
mod render;
mod settings;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::exit::Exit;

fn main() -> ExitCode {
    // Ends with code 2 by itself where the arguments are wrong.
    let cli = Cli::try_parse().unwrap_or_else(|error| args::with_hint(error).exit());
    let exit = match run(cli) {
        Ok(exit) => exit,
        Err(failure) => failure.report(),
    };
    ExitCode::from(exit.code())
}

fn run(cli: Cli) -> exit::Result<Exit> {
    let settings = settings::Settings::read(&cli.global)?;
    let log_level = settings.log_level.as_deref().unwrap_or(cli.command.log_level());
    task_telemetry::logging::init(log_level, task_telemetry::Format::Text)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let exit = runtime.block_on(commands::run(cli.command, &settings));
    // A read of standard input that nobody waits for any more must not hold the end up.
    runtime.shutdown_background();
    exit
}
