//! What can happen next.

use std::fmt;

use crate::state::Decision;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A worker registers.
    Register(usize),
    /// A worker puts back what it is in doubt about and sends a claim.
    Claim(usize),
    /// A claim that was sent begins to run: it looks at its worker's lease and chooses a task.
    ClaimRuns {
        /// The claim in truth.
        claim: u8,
        /// What it chooses.
        task: usize,
    },
    /// A running claim is committed, not waiting for the disk; its answer goes to whoever waits.
    ClaimCommits(u8),
    /// A claim finds nothing, or its worker has no lease: an answer without a task.
    ClaimFindsNothing(u8),
    /// Fault: a worker stops waiting for its claim's answer.
    ClaimAnswerLost(usize),
    /// An attempt ends.
    AttemptEnds {
        /// Where.
        worker: usize,
        /// Which.
        task: usize,
        /// How.
        decision: Decision,
    },
    /// A worker records an attempt, and hears what came of it.
    Record {
        /// Which worker.
        worker: usize,
        /// Which task.
        task: usize,
    },
    /// Fault: a worker sends a record and stops waiting for its answer.
    RecordAnswerLost {
        /// Which worker.
        worker: usize,
        /// Which task.
        task: usize,
    },
    /// A record that nobody waits for is committed.
    LateRecord(u8),
    /// A worker renews its lease and hears which it has lost.
    Renew(usize),
    /// A worker signs off: what it holds goes back.
    SignOff(usize),
    /// Fault: a worker's process dies; another one is started in its place.
    Crash(usize),
    /// Fault: a worker stands still until its lease has run out, and goes on with what it believes.
    StandsStill(usize),
    /// A session's lease runs out.
    LeaseRunsOut(u8),
    /// The server has watched the database for a lease's time; whoever was there has renewed.
    Watched,
    /// The server's sweep ends the sessions whose lease ran out.
    Sweep,
    /// A sweep takes back what ended sessions hold.
    Reclaim,
    /// Fault: the database crashes, comes back, and has lost all but so many of the commits that
    /// nobody waited for.
    DatabaseCrashes {
        /// How many it still has.
        kept: usize,
    },
    /// An operator cancels a task.
    Cancel(usize),
    /// An operator has a task run again.
    RetryByHand(usize),
}

fn worker(n: usize) -> char {
    char::from(b'A' + u8::try_from(n).unwrap_or_default())
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Register(w) => write!(f, "worker {} registers", worker(w)),
            Self::Claim(w) => write!(f, "worker {} sends a claim", worker(w)),
            Self::ClaimRuns { claim, task } => write!(f, "claim {claim} runs and chooses task {task}"),
            Self::ClaimCommits(claim) => write!(f, "claim {claim} is committed"),
            Self::ClaimFindsNothing(claim) => write!(f, "claim {claim} finds nothing, or no live lease"),
            Self::ClaimAnswerLost(w) => write!(f, "FAULT: worker {} stops waiting for its claim", worker(w)),
            Self::AttemptEnds { worker: w, task, decision } => {
                write!(f, "task {task} ends in worker {}: {decision:?}", worker(w))
            }
            Self::Record { worker: w, task } => write!(f, "worker {} records task {task}", worker(w)),
            Self::RecordAnswerLost { worker: w, task } => {
                write!(f, "FAULT: worker {} records task {task} and stops waiting for the answer", worker(w))
            }
            Self::LateRecord(claim) => write!(f, "the record of claim {claim}, sent before, is committed"),
            Self::Renew(w) => write!(f, "worker {} renews", worker(w)),
            Self::SignOff(w) => write!(f, "worker {} signs off", worker(w)),
            Self::Crash(w) => write!(f, "FAULT: worker {} dies and is started anew", worker(w)),
            Self::StandsStill(w) => {
                write!(f, "FAULT: worker {} stands still until its lease has run out", worker(w))
            }
            Self::LeaseRunsOut(session) => write!(f, "the lease of session {session} runs out"),
            Self::Watched => write!(f, "the server has watched for a lease's time"),
            Self::Sweep => write!(f, "a sweep ends the sessions whose lease ran out"),
            Self::Reclaim => write!(f, "a sweep takes back what ended sessions hold"),
            Self::DatabaseCrashes { kept } => {
                write!(f, "FAULT: the database crashes and has {kept} of the commits that nobody waited for")
            }
            Self::Cancel(task) => write!(f, "an operator cancels task {task}"),
            Self::RetryByHand(task) => write!(f, "an operator has task {task} run again"),
        }
    }
}
