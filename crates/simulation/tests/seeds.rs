//! Many runs end well, one seed gives one run, and every seeded bug is caught.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use task_simulation::{Bug, Counts, Report, plugin, run};

/// Plugins panic by the thousand here: only what else panics is told.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if panic.payload_as_str() != Some(plugin::PANIC) {
                tell(panic);
            }
        }));
    });
}

fn number(name: &str) -> Option<u64> {
    let given = std::env::var(name).ok()?;
    Some(given.parse().unwrap_or_else(|_| panic!("{name} must be a number, not `{given}`")))
}

/// Runs seeds on all cores and hands each report to `look`.
fn run_all(seeds: u64, look: impl Fn(Report) + Sync) {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let seed = next.fetch_add(1, Relaxed)
                    && seed < seeds
                {
                    look(run(seed, None));
                }
            });
        }
    });
}

fn describe(report: &Report) -> String {
    format!(
        "seed {} went wrong:\n- {}\nreplay it with: TASK_SEED={} cargo test -p task-simulation -- --nocapture one",
        report.seed,
        report.wrong.join("\n- "),
        report.seed
    )
}

#[test]
fn every_run_ends_well() {
    quiet();
    let seeds = number("TASK_SEEDS").unwrap_or(1_000);
    let began = Instant::now();
    let all = std::sync::Mutex::new((Counts::default(), 0.0, Vec::new()));
    run_all(seeds, |report| {
        let mut all = all.lock().unwrap();
        all.0 += report.counts;
        all.1 += report.lasted.as_secs_f64();
        if !report.wrong.is_empty() {
            println!("{}", describe(&report));
            all.2.push(report.seed);
        }
    });
    let (counts, seconds, wrong) = all.into_inner().unwrap();
    println!("{seeds} seeds, {:.1} days, in {:.1?}: {counts:#?}", seconds / 86_400.0, began.elapsed());
    assert!(wrong.is_empty(), "these seeds went wrong: {wrong:?}");
    // What never happens proves nothing.
    let Counts { crashes, commits_lost, stale, lost_workers, put_back, killers, .. } = counts;
    if seeds >= 1_000 {
        let least = [crashes, commits_lost, stale, lost_workers, put_back, killers].into_iter().min();
        assert!(least > Some(20), "some kind of trouble hardly ever happened: {counts:#?}");
    }
}

#[test]
fn one_seed_gives_one_run() {
    quiet();
    let seed = number("TASK_SEED").unwrap_or(5);
    let (first, second) = (run(seed, None), run(seed, None));
    let differs = first.trace.iter().zip(&second.trace).find(|(one, other)| one != other);
    assert_eq!(differs, None, "the first event that differs");
    assert_eq!(first, second);
    assert!(first.trace.len() > 50, "{:?}", first.trace);
    if std::env::var_os("TASK_SEED").is_some() {
        println!("{}", first.trace.join("\n"));
        assert!(first.wrong.is_empty(), "{}", describe(&first));
    }
    assert_ne!(first.trace, run(seed + 1, None).trace, "another seed, another run");
}

/// So many seeds may it take to catch a bug.
const MOST: u64 = 400;

#[test]
fn every_bug_of_the_store_is_caught() {
    quiet();
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        let reports = (0..MOST).map(|seed| run(seed, Some(bug)));
        match reports.into_iter().find(|report| !report.wrong.is_empty()) {
            Some(report) => println!("{bug:?}: seed {}: {}", report.seed, report.wrong[0]),
            None => missed.push(bug),
        }
    }
    assert!(missed.is_empty(), "not caught within {MOST} seeds: {missed:?}");
}
