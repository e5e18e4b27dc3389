//! Ways to get the protocol wrong. Each must be caught, or the check proves nothing.

/// A seeded bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Twin {
    /// A record finds its row by the task alone.
    RecordUnfenced,
    /// A worker whose lease ran out may record what it has, by task and attempt.
    ExpiredMayRecord,
    /// All claims of a session have the same epoch.
    EpochReused,
    /// A claim does not look at its worker's lease.
    ClaimUnderNoLease,
    /// Two claims may choose the same row.
    ClaimUnlocked,
    /// A sweep reads which tasks have lost their worker and takes them back later, by id.
    ReclaimById,
    /// A sweep takes a lease that ran out for proof, however long its server has watched.
    SweepAfterRestart,
    /// A task may lose any number of workers.
    NoQuarantine,
    /// A task that lost as many workers as a killer does is taken for one, whoever was lost beside it.
    TogetherIsGuilt,
    /// Tasks that are always lost together may lose any number of workers.
    TogetherIsEndless,
    /// A lost worker costs its task an attempt.
    LossCostsAttempt,
    /// A claim whose answer was lost is forgotten.
    UnknownClaimForgotten,
    /// Such a claim is asked for once, though it may still be running.
    UnknownClaimAskedOnce,
    /// What puts such a claim back is not waited for to reach the disk.
    PutBackUnflushed,
    /// What puts such a claim back writes no history.
    PutBackUntold,
    /// A record without an answer is taken for one that was not written.
    UnknownRecordIsFailure,
    /// A record without an answer is taken for one that was written.
    UnknownRecordIsSuccess,
    /// A cancel takes tasks that have ended as well.
    CancelTerminal,
}

impl Twin {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::RecordUnfenced,
        Self::ExpiredMayRecord,
        Self::EpochReused,
        Self::ClaimUnderNoLease,
        Self::ClaimUnlocked,
        Self::ReclaimById,
        Self::SweepAfterRestart,
        Self::NoQuarantine,
        Self::TogetherIsGuilt,
        Self::TogetherIsEndless,
        Self::LossCostsAttempt,
        Self::UnknownClaimForgotten,
        Self::UnknownClaimAskedOnce,
        Self::PutBackUnflushed,
        Self::PutBackUntold,
        Self::UnknownRecordIsFailure,
        Self::UnknownRecordIsSuccess,
        Self::CancelTerminal,
    ];
}
