//! Which tasks a list or a watch is about, and how a list is paged.

use std::str::FromStr;

use jiff::Timestamp;

use crate::{Invalid, Kind, Priority, Queue, Status, TaskId, TaskSummary, limits};

/// Which tasks are meant: those that meet every condition given. The default means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In one of these statuses; any, where empty.
    pub statuses: Vec<Status>,
    /// Of one of these types; any, where empty.
    pub kinds: Vec<Kind>,
    /// In one of these queues; any, where empty.
    pub queues: Vec<Queue>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// With this text in the name, in any case.
    pub name_contains: Option<String>,
    /// With this text in the payload, in any case. Only a list can look for it: what a watch or
    /// [`Self::matches`] sees of a task has no payload.
    pub payload_contains: Option<String>,
    /// Created at or after.
    pub created_from: Option<Timestamp>,
    /// Created before.
    pub created_until: Option<Timestamp>,
}

impl Filter {
    /// Whether a task meets every condition.
    pub fn matches(&self, task: &TaskSummary) -> bool {
        let any = |empty: bool, found: bool| empty || found;
        any(self.statuses.is_empty(), self.statuses.contains(&task.status)) && self.matches_but_status(task)
    }

    /// Whether a task meets every condition but that on its status.
    pub fn matches_but_status(&self, task: &TaskSummary) -> bool {
        let any = |empty: bool, found: bool| empty || found;
        any(self.kinds.is_empty(), self.kinds.contains(&task.lane.kind))
            && any(self.queues.is_empty(), self.queues.contains(&task.lane.queue))
            && self.priority.is_none_or(|p| p == task.lane.priority)
            && self.matches_name(task.name.as_str())
            && self.created_from.is_none_or(|from| task.created_at >= from)
            && self.created_until.is_none_or(|until| task.created_at < until)
    }

    /// Whether a name meets the condition on it, if there is one.
    pub fn matches_name(&self, name: &str) -> bool {
        self.name_contains.as_ref().is_none_or(|part| name.to_lowercase().contains(&part.to_lowercase()))
    }

    /// Whether an index leads to what is meant, so that no task has to be looked at in vain.
    pub fn is_indexed(&self) -> bool {
        self.name_contains.is_none() && self.payload_contains.is_none()
    }
}

/// A place in the order of lists: newest first, by creation and then id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Creation, with microseconds.
    pub created_at: Timestamp,
    /// Id.
    pub id: TaskId,
}

/// Where the next page starts: after this place. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub Position);

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "v1.{}.{}", self.0.created_at.as_microsecond(), self.0.id.get())
    }
}

impl FromStr for Cursor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parse = || {
            let (time, id) = text.strip_prefix("v1.")?.split_once('.')?;
            let created_at = Timestamp::from_microsecond(time.parse().ok()?).ok()?;
            // Earlier ones no task was created at, and Postgres cannot hold all of them.
            if created_at < Timestamp::UNIX_EPOCH {
                return None;
            }
            let id = TaskId::new(id.parse().ok()?).ok()?;
            Some(Self(Position { created_at, id }))
        };
        parse().ok_or_else(|| {
            Invalid::new("page_token", "was not given out by this service; start again without one")
        })
    }
}

/// Which page is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Tasks on a page, 1 to 1,000.
    size: u32,
    start: Start,
}

/// Where a page starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this page number, from 1.
    Number(u32),
    /// After this place.
    After(Cursor),
}

impl PageRequest {
    /// Tasks on a page where none is asked for.
    pub const DEFAULT_SIZE: u32 = 30;

    /// Checks a page number (from 1) and size that came from outside.
    ///
    /// # Errors
    /// [`Invalid`] for zero, for a size above 1,000, and for numbers that reach deeper than
    /// 10,000 tasks: a cursor goes there at no cost.
    pub fn number(number: u32, size: u32) -> Result<Self, Invalid> {
        Self::check_size(size)?;
        if number == 0 {
            return Err(Invalid::new("page_number", "must be 1 or more"));
        }
        if u64::from(number - 1) * u64::from(size) >= limits::PAGE_NUMBER_ROWS {
            let problem = format!(
                "page {number} of {size} lies deeper than {} tasks; narrow the filter, or follow next_page_token",
                limits::PAGE_NUMBER_ROWS
            );
            return Err(Invalid::new("page_number", problem));
        }
        Ok(Self { size, start: Start::Number(number) })
    }

    /// Checks a size that came from outside, with the cursor of the page before.
    ///
    /// # Errors
    /// [`Invalid`] for a size of zero or above 1,000.
    pub fn after(cursor: Cursor, size: u32) -> Result<Self, Invalid> {
        Self::check_size(size)?;
        Ok(Self { size, start: Start::After(cursor) })
    }

    fn check_size(size: u32) -> Result<(), Invalid> {
        if (1..=limits::PAGE_SIZE).contains(&size) {
            return Ok(());
        }
        Err(Invalid::new("page_size", format!("must be from 1 to {}, not {size}", limits::PAGE_SIZE)))
    }

    /// Tasks on a page.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Where it starts.
    pub fn start(&self) -> Start {
        self.start
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The tasks, newest first.
    pub tasks: Vec<TaskSummary>,
    /// Where the next page starts, if there may be one. A page may hold fewer tasks than asked
    /// for, even none, and still have a next one: a search stops after a bounded stretch.
    pub next: Option<Cursor>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cursors_round_trip(time in 0i64..9_000_000_000_000_000, id in 1..=i64::MAX) {
            let created_at = Timestamp::from_microsecond(time).unwrap();
            let cursor = Cursor(Position { created_at, id: TaskId::new(id).unwrap() });
            prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
        }

        #[test]
        fn any_text_is_answered_without_panic(text in "\\PC*") {
            let _ = text.parse::<Cursor>();
        }
    }

    #[test]
    fn pages_have_their_bounds() {
        assert!(PageRequest::number(1, 1).is_ok());
        for (number, size, field) in [
            (0, 30, "page_number"),
            (1, 0, "page_size"),
            (1, 1_001, "page_size"),
            (u32::MAX, 1_000, "page_number"),
            (11, 1_000, "page_number"),
        ] {
            assert_eq!(PageRequest::number(number, size).unwrap_err().field, field);
        }
        for token in ["v1.x.1", "v1.-1.1", "v1.-377705116800000000.1", "v1.1.0"] {
            assert!(token.parse::<Cursor>().is_err(), "{token}");
        }
    }
}
