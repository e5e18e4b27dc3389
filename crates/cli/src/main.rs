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
    let cli = Cli::parse();
    let exit = match run(cli) {
        Ok(exit) => exit,
        Err(failure) => failure.report(),
    };
    ExitCode::from(exit.code())
}

fn run(cli: Cli) -> exit::Result<Exit> {
    let settings = settings::Settings::read(&cli.global)?;
    task_telemetry::logging::init(&settings.log_level, task_telemetry::Format::Text)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let exit = runtime.block_on(commands::run(cli.command, &settings));
    // A read of standard input that nobody waits for any more must not hold the end up.
    runtime.shutdown_background();
    exit
}
