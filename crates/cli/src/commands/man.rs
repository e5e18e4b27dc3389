//! `man`: writes the man pages, for those who package this program.

use std::path::PathBuf;

use clap::CommandFactory;

use crate::args::Cli;
use crate::exit::{Exit, Result};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The folder to write to; made where there is none
    dir: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<Exit> {
    std::fs::create_dir_all(&args.dir)?;
    clap_mangen::generate_to(Cli::command(), &args.dir)?;
    Ok(Exit::Done)
}
