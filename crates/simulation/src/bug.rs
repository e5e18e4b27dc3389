//! Ways to get the store wrong. Each must be caught, or the simulation proves nothing.

/// A seeded bug of the fake store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A record finds its row by the task alone.
    RecordUnfenced,
    /// A record does not look at its worker's lease, and matches task and attempt alone.
    ExpiredMayRecord,
    /// All claims of a session have one epoch.
    EpochReused,
    /// A claim leaves the row where others can claim it as well.
    ClaimTakesNothing,
    /// A claim whose answer was lost is not put back.
    UnknownClaimForgotten,
    /// Such a claim is asked for once, though it may still be running.
    UnknownClaimAskedOnce,
    /// A record whose answer was lost is taken for written.
    UnknownRecordIsSuccess,
    /// Work is taken back from workers whose lease ran out, though they were not ended.
    ReclaimFromTheLiving,
    /// Nothing is taken back from lost workers.
    ReclaimNever,
    /// A task may lose any number of workers.
    NoQuarantine,
    /// A lost worker costs its task an attempt.
    LossCostsAttempt,
    /// A claim writes no history.
    ClaimUntold,
    /// A cancel takes tasks that have ended as well.
    CancelTerminal,
    /// A submit does not look for its key.
    KeyIgnored,
    /// A crash loses what was acknowledged.
    CrashLosesAcknowledged,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::RecordUnfenced,
        Self::ExpiredMayRecord,
        Self::EpochReused,
        Self::ClaimTakesNothing,
        Self::UnknownClaimForgotten,
        Self::UnknownClaimAskedOnce,
        Self::UnknownRecordIsSuccess,
        Self::ReclaimFromTheLiving,
        Self::ReclaimNever,
        Self::NoQuarantine,
        Self::LossCostsAttempt,
        Self::ClaimUntold,
        Self::CancelTerminal,
        Self::KeyIgnored,
        Self::CrashLosesAcknowledged,
    ];
}
