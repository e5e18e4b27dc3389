//! `end2end --chaos`: hands over to the fault suite, a program of its own that stands beside this one.
//!
//! It is no part of this program, so that what users install has nothing in it that kills.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::exit::{Exit, Failure, Result};

/// The program, by its name.
const PROGRAM: &str = "task-chaos";

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Fault suite")]
pub(super) struct Chaos {
    /// Kill, stop and cut off servers, workers and a Postgres of its own, and check what was promised
    #[arg(id = "chaos", long = "chaos", conflicts_with_all = ["num_tasks", "timeout"])]
    wanted: bool,
    /// Only these cases, such as F1,F3
    #[arg(long, requires = "chaos", value_name = "CASES")]
    case: Option<String>,
    /// Draws tasks and faults: the same seed draws the same ones
    #[arg(long, requires = "chaos", value_name = "N")]
    seed: Option<u64>,
    /// Rounds of faults in each case
    #[arg(long, requires = "chaos", value_name = "N")]
    rounds: Option<u32>,
    /// Seconds under load, in cases that have no rounds
    #[arg(long, requires = "chaos", value_name = "N")]
    seconds: Option<u64>,
    /// Cases that run side by side, 1 to 16 [default: 1]
    #[arg(long, requires = "chaos", value_name = "N")]
    jobs: Option<u8>,
    /// How large the cases are: small (minutes) or full (hours) [default: full]
    #[arg(long, requires = "chaos", value_name = "SCALE", value_parser = ["small", "full"])]
    scale: Option<String>,
    /// Only list the cases
    #[arg(long, requires = "chaos")]
    list: bool,
}

impl Chaos {
    pub(super) const fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Becomes the fault suite; returns only where that fails.
    pub(super) fn run(&self) -> Result<Exit> {
        let own = std::env::current_exe()?;
        let program = own.parent().unwrap_or(Path::new(".")).join(PROGRAM);
        let error = Command::new(&program).args(self.arguments()).exec();
        let told = format!("cannot run {}: {error}; `make chaos` builds and runs it", program.display());
        Err(Failure::Usage(told))
    }

    fn arguments(&self) -> Vec<String> {
        let text = |n: u64| n.to_string();
        let given = [
            ("--case", self.case.clone()),
            ("--seed", self.seed.map(text)),
            ("--rounds", self.rounds.map(|n| text(n.into()))),
            ("--seconds", self.seconds.map(text)),
            ("--jobs", self.jobs.map(|n| text(n.into()))),
            ("--scale", self.scale.clone()),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
        given.flatten().chain(self.list.then(|| "--list".to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_passed_on() {
        let chaos = Chaos {
            wanted: true,
            case: Some("F1,F3".to_owned()),
            seed: Some(7),
            rounds: None,
            seconds: None,
            jobs: Some(2),
            scale: Some("small".to_owned()),
            list: true,
        };
        assert_eq!(chaos.arguments().join(" "), "--case F1,F3 --seed 7 --jobs 2 --scale small --list");
    }
}
