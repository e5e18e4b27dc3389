//! Random walks: any order of operations leaves a consistent database.

use std::time::Duration;

use proptest::prelude::*;
use task_domain::ports::{Claim, Error, Operate, Spot};
use task_domain::{Claimed, Decision, TaskId};
use task_testing::new_task;

use crate::{Scene, retry_after};

#[derive(Clone, Copy, Debug)]
enum Step {
    Create { kind: u8, delayed: bool },
    Claim(u8),
    ClaimAt(u8),
    Settle { pick: u8, how: u8 },
    Cancel(u8),
    Retry(u8),
    Promote,
    Crash,
    Fold,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3u8, any::<bool>()).prop_map(|(kind, delayed)| Step::Create { kind, delayed }),
        3 => (1..6u8).prop_map(Step::Claim),
        2 => any::<u8>().prop_map(Step::ClaimAt),
        4 => (any::<u8>(), 0..5u8).prop_map(|(pick, how)| Step::Settle { pick, how }),
        1 => any::<u8>().prop_map(Step::Cancel),
        1 => any::<u8>().prop_map(Step::Retry),
        1 => Just(Step::Promote),
        1 => Just(Step::Crash),
        1 => Just(Step::Fold),
    ]
}

fn decision(how: u8) -> Decision {
    match how {
        0 => Decision::Succeed(None),
        1 => retry_after(Duration::ZERO),
        2 => retry_after(Duration::from_millis(1)),
        3 => Decision::Fail { error: "no".into() },
        _ => Decision::PutBack { delay: Duration::ZERO, reason: "its worker was stopped" },
    }
}

async fn walk(steps: Vec<Step>) {
    let scene = Scene::new().await;
    let kinds = ["a", "b", "unserved"];
    let mut worker = scene.worker(&["a", "b"]).await;
    let mut ids: Vec<TaskId> = Vec::new();
    let mut spots: Vec<Spot> = Vec::new();
    let mut held: Vec<Claimed> = Vec::new();
    for step in steps {
        match step {
            Step::Create { kind, delayed } => {
                let mut task = new_task(kinds[usize::from(kind)], "walker");
                if delayed {
                    task.run_at = Some(jiff::Timestamp::now() + jiff::SignedDuration::from_millis(5));
                }
                let id = scene.create(task).await;
                ids.push(id);
                if !delayed {
                    spots.push(scene.spot(id).await);
                }
            }
            Step::Claim(limit) => held.extend(worker.claim(usize::from(limit)).await),
            // Most have been claimed from there before, and some wait elsewhere by now.
            Step::ClaimAt(pick) if !spots.is_empty() => {
                let spot = spots[usize::from(pick) % spots.len()];
                held.extend(worker.claimer.claim_at(spot, 3).await.expect("a claim"));
            }
            Step::Settle { pick, how } if !held.is_empty() => {
                let claimed = held.remove(usize::from(pick) % held.len());
                // Stale ones are part of the walk.
                worker.settle(&claimed, decision(how)).await;
            }
            Step::Cancel(pick) | Step::Retry(pick) if !ids.is_empty() => {
                let id = ids[usize::from(pick) % ids.len()];
                let done = match step {
                    Step::Cancel(_) => scene.store.cancel(id, None).await,
                    _ => scene.store.retry(id, None).await,
                };
                assert!(matches!(done, Ok(_) | Err(Error::Refused { .. })), "{done:?}");
            }
            Step::Promote => drop(worker.session.promoter().promote().await.unwrap()),
            Step::Crash => {
                scene.run_sql("update task_worker set ended_at = now() where ended_at is null").await;
                let fresh = task_store::Store::new(crate::settings(&scene.database));
                fresh.maintain().await.unwrap();
                worker = scene.worker(&["a", "b"]).await;
            }
            Step::Fold => {
                scene.run_sql("update task_event set created_at = now() - interval '1 hour'").await;
                scene.store.maintain().await.unwrap();
            }
            Step::ClaimAt(_) | Step::Settle { .. } | Step::Cancel(_) | Step::Retry(_) => {}
        }
    }
    scene.check().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_operations_leaves_a_consistent_database(steps in prop::collection::vec(step(), 10..60)) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(walk(steps));
    }
}
