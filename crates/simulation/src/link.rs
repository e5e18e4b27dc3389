//! The way to the database, where everything can go wrong: statements are late, fail before or after
//! they were done, are never answered; the database is away, or crashes and loses what was committed
//! without waiting for the disk.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use task_domain::ports::{Error, Result};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::bug::Bug;
use crate::gate::Gate;
use crate::oracle;
use crate::tables::Tables;

/// Longest wait for an answer, as in the store.
pub const ANSWER: Duration = Duration::from_secs(12);
/// After so long, a commit that was not waited for is on disk all the same: thrice the default of
/// `wal_writer_delay`, see "Asynchronous Commit" in the manual of Postgres.
const FLUSH: Duration = Duration::from_millis(600);

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It does, and takes all before it along.
    Waits,
    /// It does not: a crash may lose it.
    DoesNotWait,
}

/// How often a statement meets with something, from 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// It fails before it was done.
    pub before: f64,
    /// It is done, and an error is answered.
    pub after: f64,
    /// It is done or not, and nothing is answered.
    pub silent: f64,
    /// It takes seconds, perhaps longer than anybody waits.
    pub slow: f64,
}

/// How many things happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Statements sent.
    pub statements: u64,
    /// Statements that met with a fault.
    pub faults: u64,
    /// Crashes of the database.
    pub crashes: u64,
    /// Commits that these lost.
    pub commits_lost: u64,
    /// Outcomes refused since the fence was no longer held.
    pub stale: u64,
    /// Times that somebody was told that his outcome was written when another one was, or the reverse.
    pub untrue: u64,
    /// Attempts started.
    pub starts: u64,
    /// Workers that were killed, paused or stopped.
    pub blows: u64,
    /// Workers that were ended since their lease ran out.
    pub lost_workers: u64,
    /// Tasks whose unknown claim was put back.
    pub put_back: u64,
    /// Tasks that were found to be killers.
    pub killers: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.statements += more.statements;
        self.faults += more.faults;
        self.crashes += more.crashes;
        self.commits_lost += more.commits_lost;
        self.stale += more.stale;
        self.untrue += more.untrue;
        self.starts += more.starts;
        self.blows += more.blows;
        self.lost_workers += more.lost_workers;
        self.put_back += more.put_back;
        self.killers += more.killers;
    }
}

/// The database, with all that a run keeps. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Mutex<Shared>>,
    began: Instant,
}

/// What is behind the link.
pub struct Shared {
    /// The tables.
    pub tables: Tables,
    /// The tables before each commit that may be lost, with when.
    unflushed: Vec<(Duration, Tables)>,
    /// Counts restarts: a statement does not outlive the one it was sent to.
    generation: u64,
    away_until: Duration,
    /// Every choice of the run.
    pub chance: StdRng,
    /// Whether the database crashes right after the next commit that does not wait for the disk.
    pub trap: bool,
    /// What may go wrong now.
    pub faults: Faults,
    /// What happened.
    pub counts: Counts,
    /// One line for every event.
    pub trace: Vec<String>,
    /// What is wrong, one sentence each.
    pub wrong: Vec<String>,
    /// The seeded bug, if any.
    pub bug: Option<Bug>,
}

/// What will happen to a statement.
struct Fate {
    generation: u64,
    there: Duration,
    back: Duration,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fine,
    Before,
    After,
    SilentBefore,
    SilentAfter,
}

impl Database {
    /// An empty one, at the time it is called.
    pub fn new(seed: u64, bug: Option<Bug>) -> Self {
        let shared = Shared {
            tables: Tables::new(bug),
            unflushed: Vec::new(),
            generation: 0,
            away_until: Duration::ZERO,
            chance: StdRng::seed_from_u64(seed),
            trap: false,
            faults: Faults::default(),
            counts: Counts::default(),
            trace: Vec::new(),
            wrong: Vec::new(),
            bug,
        };
        Self { shared: Arc::new(Mutex::new(shared)), began: Instant::now() }
    }

    /// The time by the database's clock.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// What is behind the link, without going over it.
    ///
    /// # Panics
    /// If a holder of it has panicked.
    pub fn open(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no holder of this lock panics")
    }

    /// Writes a line of the trace.
    pub fn note(&self, line: impl FnOnce() -> String) {
        let now = self.now();
        self.open().trace.push(format!("{:>11.6} {}", now.as_secs_f64(), line()));
    }

    /// A random span up to `most`.
    pub fn span(&self, most: Duration) -> Duration {
        most.mul_f64(self.open().chance.random())
    }

    /// Sends a statement and waits for its answer. Dropping the wait does not stop the statement.
    ///
    /// # Errors
    /// [`Error::Unavailable`], after which nobody knows whether it was done.
    pub async fn send<T: Send + 'static>(
        &self,
        what: &'static str,
        gate: &Gate,
        commit: Commit,
        statement: impl FnOnce(&mut Tables, Duration) -> T + Send + 'static,
    ) -> Result<T> {
        gate.pass().await;
        let fate = self.open().fate();
        let (answer, answered) = oneshot::channel();
        let database = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(fate.there).await;
            let done = database.execute(what, &fate, commit, statement);
            tokio::time::sleep(fate.back).await;
            match fate.kind {
                Kind::SilentBefore | Kind::SilentAfter => tokio::time::sleep(2 * ANSWER).await,
                Kind::Before | Kind::After => {}
                Kind::Fine => {
                    // Whoever waited may be gone.
                    let _ = done.map(|done| answer.send(done));
                }
            }
        });
        let answer = tokio::time::timeout(ANSWER, answered).await;
        gate.pass().await;
        match answer {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(Error::Unavailable("the connection broke".into())),
            Err(_) => Err(Error::Unavailable("no answer in time".into())),
        }
    }

    fn execute<T>(
        &self,
        what: &'static str,
        fate: &Fate,
        commit: Commit,
        statement: impl FnOnce(&mut Tables, Duration) -> T,
    ) -> Option<T> {
        let now = self.now();
        let mut shared = self.open();
        let dies = shared.generation != fate.generation || now < shared.away_until;
        if dies || matches!(fate.kind, Kind::Before | Kind::SilentBefore) {
            return None;
        }
        let told = shared.tables.history.len();
        let before = (commit == Commit::DoesNotWait).then(|| shared.tables.clone());
        let writes = shared.tables.writes;
        let done = statement(&mut shared.tables, now);
        shared.unflushed.retain(|(at, _)| now.saturating_sub(*at) < FLUSH);
        match before {
            _ if shared.tables.writes == writes => {}
            Some(before) => {
                shared.unflushed.push((now, before));
                self.spring(&mut shared);
            }
            None => shared.unflushed.clear(),
        }
        shared.tell(what, told, now);
        Some(done)
    }

    /// Has the database crash right after this commit, before or after its answer is there.
    fn spring(&self, shared: &mut Shared) {
        if std::mem::take(&mut shared.trap) {
            let (database, soon) = (self.clone(), Duration::from_millis(8).mul_f64(shared.chance.random()));
            let away = Duration::from_secs(5).mul_f64(shared.chance.random());
            tokio::spawn(async move {
                tokio::time::sleep(soon).await;
                database.crash(away);
            });
        }
    }

    /// The database crashes and is away for a while. What was committed without waiting for the disk
    /// may be lost, the latest first.
    pub fn crash(&self, away: Duration) {
        let now = self.now();
        let mut shared = self.open();
        shared.generation += 1;
        shared.away_until = now + away;
        shared.unflushed.retain(|(at, _)| now.saturating_sub(*at) < FLUSH);
        shared.counts.crashes += 1;
        let all = shared.unflushed.len();
        let kept = shared.chance.random_range(0..=all);
        if let Some((_, tables)) = shared.unflushed.get(kept).cloned() {
            shared.tables = tables;
        }
        if shared.bug == Some(Bug::CrashLosesAcknowledged) {
            shared.tables.lose_newest_task();
        }
        shared.unflushed.clear();
        shared.counts.commits_lost += (all - kept) as u64;
        drop(shared);
        self.note(|| {
            format!("the database crashes, loses {} commits and is away for {away:.1?}", all - kept)
        });
    }

    /// Nothing gets through for a while.
    pub fn cut(&self, away: Duration) {
        let now = self.now();
        self.open().away_until = now + away;
        self.note(|| format!("the database is away for {away:.1?}"));
    }
}

impl Shared {
    fn fate(&mut self) -> Fate {
        let Faults { before, after, silent, slow } = self.faults;
        let dice: f64 = self.chance.random();
        let kind = if dice < before {
            Kind::Before
        } else if dice < before + after {
            Kind::After
        } else if dice < before + after + silent {
            if self.chance.random() { Kind::SilentBefore } else { Kind::SilentAfter }
        } else {
            Kind::Fine
        };
        let is_slow = self.chance.random::<f64>() < slow;
        self.counts.statements += 1;
        self.counts.faults += u64::from(is_slow || kind != Kind::Fine);
        // The server ends statements before the claim's doubt about them does.
        let most = Duration::from_millis(if is_slow { 20_000 } else { 4 });
        let (there, back) = (most.mul_f64(self.chance.random()), most.mul_f64(self.chance.random()));
        Fate { generation: self.generation, there, back, kind }
    }

    /// Writes down what a statement changed, and looks whether that was right.
    fn tell(&mut self, what: &str, told: usize, now: Duration) {
        let told = told.min(self.tables.history.len());
        for n in told..self.tables.history.len() {
            let e = &self.tables.history[n];
            self.trace.push(format!(
                "{:>11.6} {what}: task {} is {} (version {}, attempt {}, worker {:?}, {:?})",
                now.as_secs_f64(),
                e.task,
                e.status,
                e.version,
                e.attempt,
                e.worker,
                e.cause
            ));
            let wrong = oracle::look(&self.tables, n);
            self.wrong.extend(
                wrong.into_iter().map(|sentence| format!("at {:.3} s: {sentence}", now.as_secs_f64())),
            );
        }
    }
}
