//! From where to look for the head of a lane: the index entries of tasks that were claimed before stay
//! while an old snapshot is held, and walking over them all would cost more with each task.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};

/// Looked at again below the bound: places may be committed after later ones.
const UNSETTLED: Duration = Duration::from_mins(1);
/// How often to look from the very beginning: a clock may have been behind.
const ANEW: Duration = Duration::from_mins(5);

/// The heads that were seen. Shared by all who ask.
#[derive(Default)]
pub(crate) struct Heads {
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    bounds: HashMap<i32, Timestamp>,
    since: Option<Instant>,
}

impl Heads {
    /// From where on to look in each of these lanes.
    pub(super) fn bounds(&self, lanes: &[i32]) -> Vec<Stored> {
        let mut seen = self.lock();
        if seen.since.is_none_or(|since| since.elapsed() > ANEW) {
            *seen = Seen { bounds: HashMap::new(), since: Some(Instant::now()) };
        }
        let bound = |lane| {
            let head = seen.bounds.get(lane).copied().unwrap_or(Timestamp::UNIX_EPOCH);
            head.checked_sub(UNSETTLED).unwrap_or(Timestamp::UNIX_EPOCH).to_sqlx()
        };
        lanes.iter().map(bound).collect()
    }

    /// Notes where heads were found.
    pub(super) fn note(&self, heads: impl Iterator<Item = (i32, Timestamp)>) {
        self.lock().bounds.extend(heads);
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
