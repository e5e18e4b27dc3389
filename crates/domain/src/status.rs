//! The one table of what may follow what. SQL constraints, the proto enum, history checks and the
//! dashboard's actions all follow it.

use std::fmt;
use std::str::FromStr;

use crate::Invalid;

/// Where a task stands. The numbers are those stored in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[repr(i16)]
pub enum Status {
    /// Waits for a worker, or for its `run_at`.
    Pending = 0,
    /// An attempt holds a lease.
    Running = 1,
    /// An attempt failed; the next one waits for its backoff.
    Retrying = 2,
    /// Ended well. Terminal.
    Succeeded = 3,
    /// Ended badly, with no retry left or none wanted. Terminal.
    Failed = 4,
    /// Taken back by an operator. Terminal.
    Cancelled = 5,
}

/// Why a task changes its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It was submitted.
    Created,
    /// A worker claimed it.
    Claimed,
    /// Its attempt ended well.
    Succeeded,
    /// Its attempt failed and a retry is left.
    AttemptFailed,
    /// Its attempt failed and no retry is left or wanted.
    GaveUp,
    /// The plugin put it back for later.
    Snoozed,
    /// Its worker was told to stop.
    Interrupted,
    /// Its worker was lost.
    LeaseLost,
    /// An operator took it back.
    Cancelled,
    /// An operator wants it run again.
    RetriedByHand,
}

use Cause as C;
use Status as S;

/// Every allowed change: from (nothing at creation), to, why.
pub const TRANSITIONS: &[(Option<Status>, Status, Cause)] = &[
    (None, S::Pending, C::Created),
    (Some(S::Pending), S::Running, C::Claimed),
    (Some(S::Retrying), S::Running, C::Claimed),
    (Some(S::Running), S::Succeeded, C::Succeeded),
    (Some(S::Running), S::Retrying, C::AttemptFailed),
    (Some(S::Running), S::Failed, C::GaveUp),
    (Some(S::Running), S::Pending, C::Snoozed),
    (Some(S::Running), S::Pending, C::Interrupted),
    (Some(S::Running), S::Pending, C::LeaseLost),
    (Some(S::Running), S::Failed, C::LeaseLost),
    (Some(S::Pending), S::Cancelled, C::Cancelled),
    (Some(S::Running), S::Cancelled, C::Cancelled),
    (Some(S::Retrying), S::Cancelled, C::Cancelled),
    (Some(S::Succeeded), S::Pending, C::RetriedByHand),
    (Some(S::Failed), S::Pending, C::RetriedByHand),
    (Some(S::Cancelled), S::Pending, C::RetriedByHand),
];

impl Status {
    /// Every status, in the order of its stored number.
    pub const ALL: [Self; 6] = [S::Pending, S::Running, S::Retrying, S::Succeeded, S::Failed, S::Cancelled];

    /// Whether only an operator's explicit retry leads out of it.
    pub const fn is_terminal(self) -> bool {
        matches!(self, S::Succeeded | S::Failed | S::Cancelled)
    }

    /// Whether the table allows the change from `from` (nothing at creation) to `to`.
    pub fn may_follow(from: Option<Self>, to: Self) -> bool {
        TRANSITIONS.iter().any(|&(f, t, _)| f == from && t == to)
    }

    /// Whether an operator may cancel a task that stands here.
    pub fn may_cancel(self) -> bool {
        Self::may_follow(Some(self), S::Cancelled)
    }

    /// Whether an operator may have a task that stands here run again.
    pub fn may_retry_by_hand(self) -> bool {
        TRANSITIONS.contains(&(Some(self), S::Pending, C::RetriedByHand))
    }

    /// The number stored in the database.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The status with this stored number, if there is one.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }

    /// The name on the wire, in the CLI and in history: `PENDING`.
    pub const fn as_str(self) -> &'static str {
        match self {
            S::Pending => "PENDING",
            S::Running => "RUNNING",
            S::Retrying => "RETRYING",
            S::Succeeded => "SUCCEEDED",
            S::Failed => "FAILED",
            S::Cancelled => "CANCELLED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Status {
    type Err = Invalid;

    /// Reads a status in any case.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|s| s.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            Invalid::new("status", format!("`{text}` is none of {all}"))
        })
    }
}

#[cfg(test)]
mod tests;
