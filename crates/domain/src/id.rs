//! Ids and counters, each its own type so that one cannot stand in for another.

use std::fmt;
use std::str::FromStr;

use crate::Invalid;

macro_rules! number {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Wraps a number that came from the store, which hands out only good ones.
            pub const fn from_store(value: i64) -> Self {
                Self(value)
            }

            /// The number itself.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// Names a task: 64 bits, positive, handed out by the store and never used twice.
    TaskId
}
number! {
    /// Names one run of a worker process. A worker that restarts, or that lost its lease, gets a
    /// new one, so a name can never be claimed by a successor.
    WorkerId
}
number! {
    /// Names one claim, and is never used for another, so that it fences every write made under
    /// that claim.
    Epoch
}

impl TaskId {
    /// Checks a number that came from outside.
    ///
    /// # Errors
    /// [`Invalid`] for zero and below.
    pub fn new(value: i64) -> Result<Self, Invalid> {
        if value > 0 {
            Ok(Self(value))
        } else {
            Err(Invalid::new("id", format!("must be a positive number, not {value}")))
        }
    }
}

impl FromStr for TaskId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let value = text
            .parse()
            .map_err(|_| Invalid::new("id", format!("must be a positive whole number, not `{text}`")))?;
        Self::new(value)
    }
}

/// Counts the changes of one task, from 1 at its creation, without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Version(pub i32);

impl Version {
    /// The creation of a task.
    pub const FIRST: Self = Self(1);

    /// The version of the next change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
