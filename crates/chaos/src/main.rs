//! The `task-chaos` binary, which `task-cli end2end --chaos` and `make chaos` run.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::Parser;
use futures::{StreamExt, stream};
use task_chaos::{ALL, Case, Closing, Options, Programs, Report, Scale};
use tokio::signal::unix::{SignalKind, signal};

/// Runs real servers and workers on a Postgres of their own, hurts them, and checks what was promised.
///
/// Prints one line of JSON for each case, and a table at the end; exits with 1 where something did not
/// hold.
#[derive(Parser)]
#[command(name = "task-chaos", version)]
struct Arguments {
    /// Only these cases, such as F1,F3
    #[arg(long, value_delimiter = ',', value_name = "CASES")]
    case: Vec<String>,
    /// Draws tasks and faults: the same seed draws the same ones [default: drawn, and printed]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Rounds of faults in each case, in place of what the scale says
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// Seconds under load, in cases that have no rounds
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Cases that run side by side, each on a Postgres of its own: sooner done, with longer times in them
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// How large the cases are
    #[arg(long, value_enum, default_value = "full")]
    scale: Scale,
    /// Only list the cases
    #[arg(long)]
    list: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.list {
        for Case { id, about, invariants, .. } in ALL {
            println!("{id:<4} {about} ({})", invariants.join(", "));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            done = run(arguments) => done,
            // What was started ends with this.
            _ = interrupt.recv() => Ok(ExitCode::from(130)),
            _ = terminate.recv() => Ok(ExitCode::from(143)),
        }
    })
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let cases = chosen(&arguments.case)?;
    let drawn = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
    let options = Options {
        scale: arguments.scale,
        seed: arguments.seed.unwrap_or_else(drawn),
        rounds: arguments.rounds,
        seconds: arguments.seconds,
        jobs: arguments.jobs,
        programs: Programs::beside_this()?,
    };
    let mut reports: Vec<(usize, Report)> = stream::iter(cases.into_iter().enumerate())
        .map(async |(place, case)| {
            eprintln!("{}: {} ...", case.id, case.about);
            let report = task_chaos::run(case, &options).await;
            println!("{report}");
            (place, report)
        })
        .buffer_unordered(options.jobs.into())
        .collect()
        .await;
    reports.sort_by_key(|(place, _)| *place);
    let reports: Vec<Report> = reports.into_iter().map(|(_, report)| report).collect();
    eprintln!("\n{}\nseed {}", Closing(&reports), options.seed);
    Ok(if reports.iter().all(Report::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(names: &[String]) -> Result<Vec<&'static Case>> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    let find = |name: &String| {
        let found = ALL.iter().find(|case| case.id.eq_ignore_ascii_case(name));
        found.with_context(|| format!("there is no case {name}; --list names them"))
    };
    let found = names.iter().map(find).collect::<Result<Vec<_>>>()?;
    if found.is_empty() {
        bail!("--case names no case");
    }
    Ok(found)
}
