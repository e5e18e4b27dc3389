//! Tests the tests: puts one fault at a time into the service and expects a named test to fail.
//!
//! The faults are seeded by `task_domain::seeded` in a build of its own. A fault that no test notices
//! is a hole in the tests.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::{repository, tools};

/// A fault, the package whose tests are asked, and the test that has to fail.
const MUTANTS: [(&str, &str, &str); 13] = [
    ("record-without-fence", "task-store", "record::a_stale_outcome_changes_nothing"),
    ("record-past-the-lease", "task-store", "record::an_ended_session_writes_nothing"),
    ("record-without-history", "task-store", "record::each_decision_leads_where_it_should"),
    ("unheard-record-is-stale", "task-store", "record::a_record_whose_answer_was_lost_can_be_repeated"),
    ("claim-leaves-in-line", "task-store", "claim::many_workers_at_once_get_each_task_once"),
    ("lease-of-the-ended", "task-store", "record::a_worker_whose_lease_ran_out_has_to_renew_it_first"),
    ("unheard-claim-forgotten", "task-store", "claim::tasks_of_a_claim_that_was_not_heard_of_go_back"),
    ("reclaim-from-the-living", "task-store", "leases::a_lease_that_is_renewed_is_left_alone"),
    ("leases-judged-blindly", "task-store", "leases::a_server_that_has_just_come_judges_no_lease"),
    ("quarantine-never", "task-store", "leases::a_task_that_kills_its_workers_is_given_up"),
    ("keys-forgotten", "task-store", "submit::the_same_key_makes_one_task"),
    ("cursor-by-id", "task-store", "feed::a_late_commit_is_told_all_the_same"),
    (
        "unbounded-watch",
        "task-server",
        "watch::tests::bounds::a_slow_reader_by_filter_holds_64_kib_and_knows_what_it_missed",
    ),
];

/// A test that takes longer has noticed by not ending.
const LIMIT: Duration = Duration::from_mins(3);

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Passed,
    Failed,
    NotAtAll,
}

/// Tries every fault. Says in a few words how many were caught.
pub(crate) fn run() -> Result<String> {
    for (_, package, test) in MUTANTS {
        let ended = run_test(package, test, "none")?;
        ensure!(ended == Ended::Passed, "without a fault, {test} of {package} has to pass");
    }
    let mut missed = Vec::new();
    for (bug, package, test) in MUTANTS {
        let ended = run_test(package, test, bug)?;
        println!("{bug:<26} {:<9} {test}", if ended == Ended::Passed { "MISSED" } else { "caught by" });
        if ended == Ended::Passed {
            missed.push(bug);
        }
    }
    ensure!(missed.is_empty(), "not noticed: {}", missed.join(", "));
    Ok(format!("{} of {} seeded faults caught", MUTANTS.len(), MUTANTS.len()))
}

fn run_test(package: &str, test: &str, bug: &str) -> Result<Ended> {
    let features = format!("{package}/seeded-bugs");
    let mut cargo = Command::new(tools::cargo())
        .current_dir(repository::root())
        .args(["test", "--quiet", "--locked", "-p", package, "--features", &features])
        .args(if test.contains("::tests::") { &["--lib", "--"][..] } else { &["--test", "it", "--"] })
        .args(["--exact", test])
        .env("TASK_SEEDED_BUG", bug)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(if bug == "none" { Stdio::inherit() } else { Stdio::null() })
        .spawn()
        .context("cannot run cargo")?;
    let begun = Instant::now();
    loop {
        if cargo.try_wait().context("cannot wait for cargo")?.is_some() {
            break;
        }
        if bug != "none" && begun.elapsed() > LIMIT {
            cargo.kill().context("cannot end cargo")?;
            cargo.wait().context("cannot wait for cargo")?;
            return Ok(Ended::NotAtAll);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let output = cargo.wait_with_output().context("cannot read what the test says")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let ran_one = |line: &str| line.contains(" 1 passed;") || line.contains(" 1 failed;");
    ensure!(said.lines().any(ran_one), "{test} of {package} did not run:\n{said}");
    Ok(if output.status.success() { Ended::Passed } else { Ended::Failed })
}
