//! F1: workers are killed with SIGKILL in the middle of what they run, one after the other, and now and
//! then a server.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use task_domain::Status;
use tokio::time::sleep;

use crate::case::{Case, End, finish};
use crate::clock::{self, Micros};
use crate::evidence::Evidence;
use crate::figures::Outcome;
use crate::load::{self, Load, Mix};
use crate::options::Options;
use crate::scene::{self, Scene};
use crate::schedule::{self, Ranges};
use crate::statistics::spread;

pub(super) const CASE: Case = Case {
    id: "F1",
    about: "kill -9 workers in the middle of their tasks, and servers now and then",
    invariants: &["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I13"],
    run: |options| run(options).boxed(),
};

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let plan = scene::Plan {
        servers: 2,
        workers: options.pick(3, 10),
        slots: options.pick(10, 50),
        lease: options.pick(Duration::from_secs(3), Duration::from_secs(15)),
        ..scene::Plan::default()
    };
    let mut scene = Scene::start(&options, &plan).await?;
    let mix = Mix { least_ms: 0, usual_ms: 400, long_ms: 2_000, failing: 6 };
    let load = load::Plan { rate: options.pick(40, 250), mix, ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    scene.watched().await;

    let ranges = Ranges { pause: (300, 900), targets: plan.workers, length: (0, 0), kinds: 1 };
    let faults = schedule::draw(&mut schedule::random(options.seed, "F1"), options.rounds(8, 1_000), ranges);
    outcome.figure("schedule", schedule::fingerprint(&faults));
    let mut killed: HashMap<i64, Micros> = HashMap::new();
    // A server that has just started does not judge leases yet: more often would measure that.
    let server_every = options.pick(4, 60);
    for (round, fault) in faults.iter().enumerate() {
        sleep(fault.pause).await;
        if round % server_every == server_every - 1 {
            let server = &mut scene.servers[fault.target % plan.servers];
            server.kill().await?;
            server.again()?;
            outcome.totals.server_kills += 1;
        }
        let victim = &mut scene.workers[fault.target];
        let at = clock::now();
        victim.process.kill().await?;
        outcome.totals.worker_kills += 1;
        let retired = scene.replace_worker(fault.target)?;
        // A worker that was killed before it had registered held nothing.
        killed.extend(scene.retired(retired).ids().into_iter().map(|id| (id, at)));
    }
    let end = End { limit: Duration::from_mins(2), ..End::default() };
    let evidence = finish(&mut outcome, scene, load, end).await?;
    tell(&mut outcome, &evidence, &killed);
    Ok(outcome)
}

/// How long it took until what a killed worker ran was taken back, and until another one had it.
fn tell(outcome: &mut Outcome, evidence: &Evidence, killed: &HashMap<i64, Micros>) {
    let (mut back, mut again, mut parted, mut parked, mut alive) = (Vec::new(), Vec::new(), Vec::new(), 0, 0);
    for task in evidence.tasks.values() {
        for (place, pair) in task.changes.windows(2).enumerate() {
            let at =
                pair[0].worker.filter(|_| pair[0].status == Status::Running).and_then(|id| killed.get(&id));
            let Some(at) = at.filter(|at| pair[1].at > **at) else {
                alive += usize::from(pair[1].tells_of_a_loss());
                continue;
            };
            match pair[1].status {
                Status::Pending => {
                    back.push(clock::millis(*at, pair[1].at));
                    let Some(next) = task.changes.get(place + 2) else { continue };
                    let times = if pair[1].due.is_some() { &mut parted } else { &mut again };
                    times.push(clock::millis(*at, next.at));
                }
                Status::Failed => parked += 1,
                _ => {}
            }
        }
    }
    let kills = outcome.totals.worker_kills;
    outcome.must(!back.is_empty(), || "I8: no killed worker was running anything".to_owned());
    outcome.must(alive == 0, || format!("I5: {alive} times a task was taken from a worker that was there"));
    outcome.figure("kills", kills);
    outcome.figure("lost_leases", back.len());
    // After three losses a task is held to be the killer of its workers.
    outcome.figure("failed_after_three_losses", parked);
    outcome.figure("kill_to_taken_back", spread(back));
    // Suspects that were lost together are made to wait, for random times, so that they part.
    let all = again.iter().chain(&parted).copied().collect();
    outcome.figure("kill_to_claimed_again", spread(all));
    outcome.figure("kill_to_claimed_again_unparted", spread(again));
    outcome.figure("kill_to_claimed_again_parted", spread(parted));
}
