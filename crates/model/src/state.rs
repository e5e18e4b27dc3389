//! What the model knows: the database, what is under way to it, and what each worker believes.

use std::collections::BTreeSet;

use task_domain::Status;

/// How many tasks there are.
pub const TASKS: usize = 2;
/// How many workers there are.
pub const WORKERS: usize = 2;

/// One moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Where the tasks stand, one row each.
    pub rows: [Row; TASKS],
    /// The rows as they were before each commit that the disk does not have yet: what a crash may
    /// go back to. Only claims are not waited for; every other commit brings all before it to disk.
    pub unflushed: Vec<[Row; TASKS]>,
    /// Every registration of a worker so far.
    pub sessions: Vec<Session>,
    /// Statements that are under way or running.
    pub flight: BTreeSet<Statement>,
    /// The workers' processes.
    pub workers: [Worker; WORKERS],
    /// Whether the server has watched the database for a lease's time without a gap.
    pub watched: bool,
    /// What the sweep of a twin has read and will take back whatever has happened since.
    pub marked: BTreeSet<usize>,
    /// What may still go wrong, and what operators may still do.
    pub left: Left,
    /// Which claims were recorded, as far as a worker may still ask.
    pub recorded: BTreeSet<u8>,
    /// Whether an operator had a task run again.
    pub by_hand: [bool; TASKS],
    /// The first property that a step broke.
    pub broken: Option<&'static str>,
    /// What the last step did.
    pub seen: Seen,
}

/// What is left of the bounds that make the model finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Left {
    /// Crashes, pauses and lost answers.
    pub faults: u8,
    /// Cancels, retries by hand and workers that sign off.
    pub operations: u8,
    /// Attempts that are put back by their worker.
    pub put_backs: u8,
}

/// Facts about the last step that would show if a property held for want of trying.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seen {
    /// A write under a fence that was no longer held was refused.
    pub stale: bool,
    /// A task was set FAILED since it lost too many workers.
    pub quarantined: bool,
    /// For each task that was lost often enough to be the killer of its workers: how many such tasks, itself
    /// included, the lost worker held.
    pub lost: [Option<usize>; TASKS],
}

/// A task's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// Where it stands.
    pub status: Status,
    /// Who runs it.
    pub holder: Option<Fence>,
    /// Attempts spent, the running one included.
    pub attempt: u8,
    /// Attempts that failed since it was created or last retried by hand.
    pub failures: u8,
    /// Workers lost over it since then.
    pub crashes: u8,
    /// Changes so far.
    pub version: u8,
    /// The newest version in its history.
    pub told: u8,
}

/// The right to finish an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence {
    /// Of which registration.
    pub session: u8,
    /// Which attempt.
    pub attempt: u8,
    /// Which claim, as far as the database can tell.
    pub epoch: u8,
    /// Which claim in truth; the database does not have it.
    pub claim: u8,
}

/// A registration of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    /// Its lease has run out by the database's clock.
    pub ran_out: bool,
    /// It was ended: by itself, or by a sweep.
    pub ended: bool,
}

/// A statement that its sender no longer or not yet has the answer of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statement {
    /// A claim; `locked` is the task it has chosen, once it runs.
    Claim {
        /// Whose.
        session: u8,
        /// Its number.
        epoch: u8,
        /// Its number in truth.
        claim: u8,
        /// The row it holds.
        locked: Option<usize>,
    },
    /// A record whose sender has stopped waiting.
    Record {
        /// Which task.
        task: usize,
        /// Under which fence.
        fence: Fence,
        /// What to write.
        decision: Decision,
    },
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Done.
    Succeed,
    /// Try again.
    Retry,
    /// Give up.
    Fail,
    /// Not now; costs no attempt.
    PutBack,
}

/// A worker's process and what it believes. One that died is started anew, and believes nothing.
///
/// There is no step by which it stands still: steps come in any order, so others may take theirs
/// before it takes its next one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Worker {
    /// Its registration.
    pub session: Option<u8>,
    /// Claims sent under it.
    pub claims: u8,
    /// The claim it waits for.
    pub waiting: Option<u8>,
    /// Claims whose answer was lost.
    pub doubt: BTreeSet<u8>,
    /// The attempts that it runs or has to record.
    pub held: Vec<Held>,
    /// Whether it stood still since it last renewed.
    pub slept: bool,
}

/// An attempt in a worker's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    /// Which task.
    pub task: usize,
    /// Under which fence.
    pub fence: Fence,
    /// What it came to, once it has ended.
    pub decision: Option<Decision>,
    /// Whether the answer to its record was lost.
    pub doubt: bool,
}

impl State {
    /// All tasks waiting, all workers up and not yet registered.
    pub fn start(left: Left) -> Self {
        let row = Row {
            status: Status::Pending,
            holder: None,
            attempt: 0,
            failures: 0,
            crashes: 0,
            version: 1,
            told: 1,
        };
        Self {
            rows: [row; TASKS],
            unflushed: Vec::new(),
            sessions: Vec::new(),
            flight: BTreeSet::new(),
            workers: std::array::from_fn(|_| Worker::default()),
            watched: true,
            marked: BTreeSet::new(),
            left,
            recorded: BTreeSet::new(),
            by_hand: [false; TASKS],
            broken: None,
            seen: Seen::default(),
        }
    }

    /// Whether a session may still write: not ended, and its lease has not run out.
    pub fn is_live(&self, session: u8) -> bool {
        let session = &self.sessions[usize::from(session)];
        !session.ended && !session.ran_out
    }

    /// Whether a session was ended.
    pub fn has_ended(&self, session: u8) -> bool {
        self.sessions[usize::from(session)].ended
    }

    /// Whether a running claim holds this task's row.
    pub fn is_locked(&self, task: usize) -> bool {
        self.flight.iter().any(|s| matches!(s, Statement::Claim { locked: Some(t), .. } if *t == task))
    }

    /// Whether a worker works under this session.
    pub fn is_owned(&self, session: u8) -> bool {
        self.workers.iter().any(|w| w.session == Some(session))
    }

    /// Notes the first property that is broken.
    pub fn breaks(&mut self, property: &'static str) {
        self.broken.get_or_insert(property);
    }
}
