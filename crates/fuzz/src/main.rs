//! `task-fuzz [TARGET...]`: goes on with new inputs for `TASK_FUZZ_SECONDS` seconds for each target.

use std::process::ExitCode;
use std::time::Duration;

use task_fuzz::engine::{self, Until};
use task_fuzz::targets;

/// For each target, where nothing is said.
const SECONDS: u64 = 10;

fn main() -> ExitCode {
    let seconds =
        std::env::var("TASK_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let names: Vec<String> = std::env::args().skip(1).collect();
    if let Some(name) = names.iter().find(|name| targets::named(name).is_none()) {
        let known: Vec<_> = targets::ALL.iter().map(|target| target.name).collect();
        eprintln!("there is no target {name}; there are: {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    let chosen = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let mut exit = ExitCode::SUCCESS;
    for target in targets::ALL.iter().filter(|target| chosen(target.name)) {
        match engine::run(target, rand::random(), Until::Elapsed(Duration::from_secs(seconds))) {
            Ok(summary) => println!("{:<14} {summary}", target.name),
            Err(error) => {
                println!("{:<14} {error}", target.name);
                exit = ExitCode::FAILURE;
            }
        }
    }
    exit
}
