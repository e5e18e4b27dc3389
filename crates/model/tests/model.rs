//! Every reachable state of the protocol is right, and every seeded bug is caught.

use task_model::state::Left;
use task_model::{Bounds, Found, Twin, hunt, property, search};

/// A bound, from the environment where it is given there.
fn bound(name: &str, default: u8) -> u8 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not `{text}`"))
    })
}

/// What the environment asks for, or these.
fn bounds(faults: u8, operations: u8, put_backs: u8, sessions: u8, claims: u8) -> Bounds {
    Bounds {
        left: Left {
            faults: bound("TASK_MODEL_FAULTS", faults),
            operations: bound("TASK_MODEL_OPERATIONS", operations),
            put_backs: bound("TASK_MODEL_PUT_BACKS", put_backs),
        },
        sessions: usize::from(bound("TASK_MODEL_SESSIONS", sessions)),
        claims: bound("TASK_MODEL_CLAIMS", claims),
        slots: usize::from(bound("TASK_MODEL_SLOTS", 1)),
        workers: usize::from(bound("TASK_MODEL_WORKERS", 2)),
        only_deaths: false,
        one_by_one: false,
    }
}

/// Two faults of any kind, one after the other or at once.
fn faulty() -> Bounds {
    bounds(2, 0, 0, 2, 2)
}

/// A fault while operators and put-backs come between.
fn busy() -> Bounds {
    bounds(1, 1, 1, 2, 2)
}

/// Worker after worker dies.
fn deadly() -> Bounds {
    Bounds { only_deaths: true, ..bounds(3, 0, 0, 4, 1) }
}

/// One worker after another dies with both tasks in its hands, or one of them.
fn together() -> Bounds {
    Bounds { only_deaths: true, one_by_one: true, workers: 1, slots: 2, ..bounds(6, 0, 0, 7, 2) }
}

/// Wide enough for every seeded bug but those of quarantine.
fn wide() -> Bounds {
    bounds(2, 1, 1, 3, 2)
}

fn is_right(name: &str, found: &Found) {
    println!("{name}: {} states, {} steps deep, in {:.1?}", found.states, found.depth, found.took);
    for (property, trace) in &found.broken {
        println!("broken: {property}, after {} steps\n{trace}", trace.steps());
    }
    assert!(found.broken.is_empty(), "{name}: see the traces above");
}

#[test]
fn every_state_is_right_whatever_fails() {
    let found = search(faulty());
    is_right("faulty", &found);
    assert!(!found.unseen.contains(&property::STALE_TRIED), "no stale write was even tried");
}

#[test]
fn every_state_is_right_whatever_operators_do() {
    is_right("busy", &search(busy()));
}

#[test]
fn every_state_is_right_while_workers_die() {
    let found = search(deadly());
    is_right("deadly", &found);
    assert!(!found.unseen.contains(&property::QUARANTINED), "no task ever lost three workers");
}

#[test]
fn every_state_is_right_while_workers_die_with_several_tasks() {
    let found = search(together());
    is_right("together", &found);
    for fact in [property::QUARANTINED, property::SUSPECTED] {
        assert!(!found.unseen.contains(&fact), "not met: {fact}");
    }
}

/// Which property each seeded bug breaks.
fn breaks(twin: Twin) -> &'static str {
    match twin {
        Twin::RecordUnfenced | Twin::ExpiredMayRecord | Twin::EpochReused => property::FENCED,
        Twin::ClaimUnderNoLease => property::LIVE_CLAIM,
        Twin::ClaimUnlocked => property::ONE_LEASE,
        Twin::ReclaimById => property::TAKEN_FROM_THE_LOST,
        Twin::SweepAfterRestart => property::RESTART_IS_FREE,
        Twin::NoQuarantine | Twin::TogetherIsEndless => property::QUARANTINE,
        Twin::TogetherIsGuilt => property::BENEFIT_OF_DOUBT,
        Twin::LossCostsAttempt => property::ATTEMPTS,
        Twin::UnknownClaimForgotten | Twin::UnknownClaimAskedOnce | Twin::PutBackUnflushed => {
            property::NOTHING_LOST
        }
        Twin::PutBackUntold => property::GAPLESS,
        Twin::UnknownRecordIsFailure | Twin::UnknownRecordIsSuccess => property::TRUE_VERDICT,
        Twin::CancelTerminal => property::ABSORBING,
    }
}

#[test]
fn every_seeded_bug_is_caught() {
    let mut missed = Vec::new();
    for twin in Twin::ALL {
        let bounds = match twin {
            Twin::NoQuarantine => Bounds { workers: 1, ..deadly() },
            Twin::TogetherIsGuilt | Twin::TogetherIsEndless => together(),
            _ => wide(),
        };
        let found = hunt(bounds, twin, breaks(twin));
        let Some(trace) = found.broken.get(breaks(twin)) else {
            missed.push((twin, found.broken.keys().copied().collect::<Vec<_>>()));
            continue;
        };
        let (steps, states) = (trace.steps(), found.states);
        println!(
            "{twin:?} breaks \"{}\" in {steps} steps ({states} states, {:.1?}):\n{trace}",
            breaks(twin),
            found.took
        );
    }
    assert!(missed.is_empty(), "not caught: {missed:#?}");
}
