//! How far each followed task was seen.

use std::collections::BTreeMap;

use task_proto::v1;

/// The newest version seen of each task.
pub(super) struct Cursors(BTreeMap<i64, Cursor>);

struct Cursor {
    version: i32,
    ended: bool,
}

/// What a change is, by its version.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The one that follows.
    New,
    /// One that was told already, or of a task that is not followed.
    Before,
    /// One too far: others are missing before it.
    Gap,
}

impl Cursors {
    pub(super) fn new(tasks: impl IntoIterator<Item = (i64, i32)>) -> Self {
        Self(tasks.into_iter().map(|(id, version)| (id, Cursor { version, ended: false })).collect())
    }

    pub(super) fn see(&mut self, id: i64, version: i32, ends: bool) -> Seen {
        let Some(cursor) = self.0.get_mut(&id) else { return Seen::Before };
        if version <= cursor.version {
            return Seen::Before;
        }
        if version != cursor.version + 1 {
            return Seen::Gap;
        }
        // A task that an operator has run again is open again.
        *cursor = Cursor { version, ended: ends };
        Seen::New
    }

    /// Notes that nothing follows for this task.
    pub(super) fn end(&mut self, id: i64) {
        if let Some(cursor) = self.0.get_mut(&id) {
            cursor.ended = true;
        }
    }

    /// The tasks that have not ended, with the versions seen.
    pub(super) fn open(&self) -> Vec<(i64, i32)> {
        self.0.iter().filter(|(_, c)| !c.ended).map(|(&id, c)| (id, c.version)).collect()
    }

    pub(super) fn all_ended(&self) -> bool {
        self.0.values().all(|c| c.ended)
    }

    /// All of them: one that has ended may be run again while others are still followed.
    pub(super) fn to_wire(&self) -> Vec<v1::TaskCursor> {
        self.0.iter().map(|(&id, c)| v1::TaskCursor { id, after_version: c.version }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_new_once_and_in_order() {
        let mut cursors = Cursors::new([(7, 1), (8, 0)]);
        assert_eq!(cursors.see(7, 1, false), Seen::Before);
        assert_eq!(cursors.see(7, 3, true), Seen::Gap);
        assert_eq!(cursors.see(7, 2, false), Seen::New);
        assert_eq!(cursors.see(7, 3, true), Seen::New);
        assert_eq!(cursors.see(9, 1, false), Seen::Before, "not followed");
        assert_eq!(cursors.open(), [(8, 0)]);
        assert!(!cursors.all_ended());
        assert_eq!(cursors.see(7, 4, false), Seen::New, "run again");
        assert_eq!(cursors.open(), [(7, 4), (8, 0)]);
        cursors.end(7);
        cursors.end(8);
        assert!(cursors.all_ended());
    }
}
