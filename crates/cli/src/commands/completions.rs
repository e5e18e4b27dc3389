//! `completions`: what a shell needs to complete this program's arguments.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::{Exit, Result};
use crate::out::Out;

#[derive(clap::Args, Debug)]
#[command(after_help = "Example: source <(task-cli completions bash)")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit> {
    // Collected first: the generator panics where its writer fails, as with a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "task-cli", &mut script);
    out.text(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
