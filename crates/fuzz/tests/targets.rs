//! The corpus, and a few thousand mutations of it, the same each time.

use task_fuzz::engine::{self, Until};
use task_fuzz::{Target, Verdict, corpus, targets};

/// Mutated inputs for each target. In `make fuzz` there are millions.
const RUNS: u64 = 5_000;

fn run(name: &str) {
    let target = targets::named(name).unwrap();
    let summary = engine::run(target, 1, Until::Runs(RUNS)).unwrap_or_else(|error| panic!("{name} {error}"));
    println!("{name}: {summary}");
    assert!(summary.replayed > 0, "{name} has no corpus");
    let share = summary.accepted * 100 / summary.mutated;
    assert!(share >= u64::from(target.accepted), "{name}: only {share} % of the inputs were accepted");
}

macro_rules! each {
    ($($name:ident)*) => {
        $(#[test] fn $name() { run(stringify!($name)); })*

        #[test]
        fn every_target_has_a_test() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(targets::ALL.iter().map(|target| target.name).collect::<Vec<_>>(), tested);
        }
    };
}

each! { database_url filter json numbers outcome payload requests spec text token }

#[test]
fn an_input_that_fails_is_found_and_kept() {
    let broken = Target {
        name: "self_test",
        run: |input| if input.len() > 3 { panic!("on purpose") } else { Verdict::Refused },
        words: &[],
        accepted: 0,
    };
    let found = engine::run(&broken, 1, Until::Runs(100));
    let kept = corpus::read("self_test").unwrap();
    std::fs::remove_dir_all(corpus::folder("self_test")).unwrap();
    assert!(matches!(found, Err(engine::Error::Found(_))), "{found:?}");
    assert!(kept.iter().any(|(_, input)| input.len() > 3), "{kept:?}");
}
