//! Runs the checker, and tells what it found so that a person can follow it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, HasDiscoveries, Model, Path};

use crate::action::Action;
use crate::protocol::{Bounds, Protocol};
use crate::state::State;
use crate::twin::Twin;

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Different states visited.
    pub states: usize,
    /// Steps of the longest way that was needed to reach one.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// Properties that were broken, with a way there.
    pub broken: BTreeMap<&'static str, Trace>,
    /// Facts that were to show somewhere and did not.
    pub unseen: Vec<&'static str>,
}

/// A way to a state.
#[derive(Clone, Debug)]
pub struct Trace(Vec<(State, Option<Action>)>);

impl Trace {
    /// How many steps it takes.
    pub fn steps(&self) -> usize {
        self.0.len() - 1
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states = self.0.iter().skip(1).map(|(state, _)| state);
        let actions = self.0.iter().filter_map(|(_, action)| action.as_ref());
        for (n, (action, state)) in actions.zip(states).enumerate() {
            let mut rows = String::new();
            for (task, row) in state.rows.iter().enumerate() {
                write!(rows, "{task}: {} attempt {}", row.status, row.attempt)?;
                if let Some(holder) = row.holder {
                    write!(rows, " under claim {}", holder.claim)?;
                }
                rows.push_str("; ");
            }
            writeln!(f, "{:>3}. {:<75} {}", n + 1, action.to_string(), rows.trim_end_matches("; "))?;
        }
        Ok(())
    }
}

/// Visits every state within the bounds.
pub fn search(bounds: Bounds) -> Found {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    run(Protocol { bounds, twin: None }, threads, HasDiscoveries::AnyFailures)
}

/// Looks for the shortest way by which a seeded bug breaks a property.
pub fn hunt(bounds: Bounds, twin: Twin, property: &'static str) -> Found {
    // With one thread the first way found is a shortest one.
    run(Protocol { bounds, twin: Some(twin) }, 1, HasDiscoveries::AnyOf([property].into()))
}

fn run(protocol: Protocol, threads: usize, until: HasDiscoveries) -> Found {
    let began = Instant::now();
    let properties = protocol.properties();
    let checker = protocol.checker().threads(threads).finish_when(until).spawn_bfs().join();
    let mut discoveries = checker.discoveries();
    let (mut broken, mut unseen) = (BTreeMap::new(), Vec::new());
    for property in properties {
        let found = discoveries.remove(property.name);
        match (property.expectation, found) {
            (Expectation::Sometimes, None) => unseen.push(property.name),
            (Expectation::Sometimes, Some(_)) | (_, None) => {}
            (_, Some(path)) => {
                broken.insert(property.name, trace(path));
            }
        }
    }
    Found {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        took: began.elapsed(),
        broken,
        unseen,
    }
}

fn trace(path: Path<State, Action>) -> Trace {
    Trace(path.into_vec())
}
