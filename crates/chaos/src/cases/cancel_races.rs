//! F28: operators cancel tasks while they are claimed, run, retried and finished, and have ended ones run
//! again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use rand::RngExt;
use serde_json::json;
use task_client::{Client, Error};
use task_domain::Status;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::case::{Case, End, finish};
use crate::evidence::Evidence;
use crate::figures::Outcome;
use crate::invariants::Allowed;
use crate::load::{self, Load, Mix};
use crate::options::Options;
use crate::scene::{self, Scene};
use crate::schedule;

pub(super) const CASE: Case = Case {
    id: "F28",
    about: "cancel and retry by hand, racing claims, completions and retries",
    invariants: &["I1", "I3", "I4", "I5", "I8", "I13"],
    run: |options| run(options).boxed(),
};

/// How an operator's call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Done,
    Refused,
    /// It may have been done or not.
    Unknown,
}

/// What operators did, by task.
type Acts = Arc<Mutex<Vec<(i64, &'static str, Answer)>>>;

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    // Without hints a worker hears of a cancel only when it renews its lease: what it still runs ends
    // meanwhile, and its outcome meets a task that may run again, perhaps in the same worker.
    let deaf = ["--no-notify", "--poll-interval", "50ms"].map(str::to_owned).to_vec();
    let plan = scene::Plan { slots: 60, worker_options: deaf, ..scene::Plan::default() };
    let scene = Scene::start(&options, &plan).await?;
    let mix = Mix { least_ms: 0, usual_ms: 300, long_ms: 1_000, failing: 2 };
    let (clients, rate) = options.pick((8, 150), (16, 400));
    let plan = load::Plan { clients, rate, mix, followed: 0, ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &plan, options.seed);
    let client = load::client(&scene.addresses()[0], Duration::from_secs(10))?;
    let acts = Acts::default();
    let mut random = schedule::random(options.seed, "F28");
    let mut operators = JoinSet::new();
    let end = Instant::now() + options.time(6, 120);
    let mut seen = 0;
    while Instant::now() < end {
        let ids = load.ids_since(seen);
        seen += ids.len();
        for id in ids {
            // From at once to after most have ended.
            let waits = [random.random_range(0..400), random.random_range(0..50)].map(Duration::from_millis);
            let again = random.random_range(0..2) == 0;
            operators.spawn(act(client.clone(), id, waits, again, acts.clone()));
        }
        sleep(Duration::from_millis(5)).await;
        while operators.try_join_next().is_some() {}
    }
    let load = load.pause().await?;
    while operators.join_next().await.is_some() {}

    let allowed = Allowed { retries_by_hand: true };
    let evidence = finish(&mut outcome, scene, load, End { allowed, ..End::default() }).await?;
    let acts = std::mem::take(&mut *acts.lock().unwrap_or_else(PoisonError::into_inner));
    judge(&mut outcome, &evidence, &acts);
    let tried = outcome.totals.stale_refused + outcome.totals.stale_accepted;
    outcome.figure("stale_writes_tried", tried);
    outcome.must(tried > 0, || "I5: no stale write was tried, so nothing was shown".to_owned());
    Ok(outcome)
}

/// Cancels a task, and perhaps has it run again and cancels it once more.
async fn act(client: Client, id: i64, waits: [Duration; 2], again: bool, acts: Acts) {
    let note = |what, answer| {
        acts.lock().unwrap_or_else(PoisonError::into_inner).push((id, what, answer));
    };
    sleep(waits[0]).await;
    note("cancel", answer(&client.cancel(id, "chaos").await));
    if again {
        sleep(waits[1]).await;
        note("retry", answer(&client.retry(id, "chaos").await));
        sleep(waits[0]).await;
        note("cancel", answer(&client.cancel(id, "chaos").await));
    }
}

fn answer<T>(result: &Result<T, Error>) -> Answer {
    match result {
        Ok(_) => Answer::Done,
        Err(Error::Refused(_)) => Answer::Refused,
        Err(_) => Answer::Unknown,
    }
}

fn judge(outcome: &mut Outcome, evidence: &Evidence, acts: &[(i64, &'static str, Answer)]) {
    let count = |id: i64, what: &str, answer: Answer| {
        acts.iter().filter(|act| act.0 == id && act.1 == what && act.2 == answer).count()
    };
    let mut steps: BTreeMap<String, u64> = BTreeMap::new();
    let mut wrong = 0;
    let mut ids: Vec<_> = acts.iter().map(|act| act.0).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let Some(task) = evidence.tasks.get(&id) else { continue };
        let (mut cancelled, mut again) = (0, 0);
        for pair in task.changes.windows(2) {
            if pair[1].status == Status::Cancelled {
                cancelled += 1;
                *steps
                    .entry(format!("{}_to_cancelled", pair[0].status.as_str().to_lowercase()))
                    .or_default() += 1;
            }
            if pair[0].status.is_terminal() {
                again += 1;
                *steps.entry(format!("{}_again", pair[0].status.as_str().to_lowercase())).or_default() += 1;
            }
        }
        // What was answered was done, and what was refused was not.
        for (what, times) in [("cancel", cancelled), ("retry", again)] {
            let (done, unknown) = (count(id, what, Answer::Done), count(id, what, Answer::Unknown));
            if !(done..=done + unknown).contains(&times) {
                wrong += 1;
                if wrong <= 10 {
                    outcome.violations.push(format!(
                        "I3: task {id}: {done} times {what} was acknowledged and {unknown} times not answered; it happened {times} times"
                    ));
                }
            }
        }
    }
    let sum = |answer| acts.iter().filter(|act| act.2 == answer).count();
    outcome.figure("steps", json!(steps));
    outcome.figure("acts_done", sum(Answer::Done));
    outcome.figure("acts_refused", sum(Answer::Refused));
    outcome.figure("acts_unanswered", sum(Answer::Unknown));
    outcome.must(steps.contains_key("running_to_cancelled"), || "no running task was cancelled".to_owned());
}
