//! Runs cases and tells what came of them: a line of JSON for each, and a table at the end.

use std::fmt;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use crate::figures::{Outcome, Totals};
use crate::{Case, Options, Scale};

/// What came of one case.
#[derive(Debug)]
pub struct Report {
    id: &'static str,
    about: &'static str,
    line: Value,
    /// What was wrong, one sentence each.
    pub violations: Vec<String>,
    seconds: u64,
    totals: Totals,
}

impl Report {
    /// Whether everything held.
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }
}

impl fmt::Display for Report {
    /// One line of JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line.fmt(f)
    }
}

/// Runs one case.
pub async fn run(case: &Case, options: &Options) -> Report {
    let begun = Instant::now();
    // A panic of the harness is a failure of the case as well, not of the run.
    let ran = tokio::spawn((case.run)(options.clone())).await;
    let outcome = match ran {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => failed(&format!("{error:#}")),
        Err(error) => failed(&error.to_string()),
    };
    let seconds = begun.elapsed().as_secs();
    let line = json!({
        "case": case.id,
        "holds": outcome.violations.is_empty(),
        "seed": options.seed,
        "commit": commit(),
        "scale": if options.scale == Scale::Small { "small" } else { "full" },
        "jobs": options.jobs,
        "seconds": seconds,
        "invariants": case.invariants,
        "figures": outcome.figures,
        "violations": outcome.violations,
    });
    Report {
        id: case.id,
        about: case.about,
        line,
        violations: outcome.violations,
        seconds,
        totals: outcome.totals,
    }
}

fn failed(why: &str) -> Outcome {
    Outcome { violations: vec![format!("the case could not be run: {why}")], ..Outcome::default() }
}

/// The commit that the harness stands on, with a mark where files were changed since.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|o| o.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(head) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "unknown".to_owned() };
    let changed =
        git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    head + if changed { "+" } else { "" }
}

/// The table at the end of a run.
pub struct Closing<'a>(pub &'a [Report]);

impl fmt::Display for Closing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut totals = Totals::default();
        for Report { id, about, violations, seconds, totals: its, .. } in self.0 {
            totals.add(its);
            let verdict = if violations.is_empty() { "holds" } else { "FAILED" };
            writeln!(f, "{id:<4} {verdict:<7} {seconds:>5} s  {about}")?;
            for violation in violations {
                writeln!(f, "       {violation}")?;
            }
        }
        let rows = [
            ("workers killed", totals.worker_kills),
            ("servers killed", totals.server_kills),
            ("Postgres killed", totals.postgres_kills),
            ("failovers", totals.failovers),
            ("tasks acknowledged", totals.acknowledged),
            ("  of these lost", totals.lost),
            ("changes of status", totals.changes),
            ("  after a terminal status", totals.second_terminals),
            ("  not in the state table", totals.illegal_steps),
            ("stale writes tried", totals.stale_refused + totals.stale_accepted),
            ("  of these accepted", totals.stale_accepted),
        ];
        writeln!(f)?;
        for (name, value) in rows {
            writeln!(f, "{name:<28} {value:>10}")?;
        }
        let failed = self.0.iter().filter(|report| !report.holds()).count();
        writeln!(f)?;
        match failed {
            0 => write!(f, "all {} cases hold", self.0.len()),
            _ => write!(f, "{failed} of {} cases failed", self.0.len()),
        }
    }
}
