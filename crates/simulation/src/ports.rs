//! The ports over the fake, with what the store's own side of them does about lost answers.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use task_domain::ports::{Claim, Error, Record, Renew, Result};
use task_domain::{Claimed, Lease, Settled, Verdict};
use tokio::time::Instant;

use crate::bug::Bug;
use crate::gate::Gate;
use crate::link::{Commit, Database};
use crate::tables::{Loss, RanOut};

/// So long after its answer was lost, no claim can still be running, as in the store.
const DOUBT: Duration = Duration::from_secs(30);

/// One registered run of a worker.
pub struct Session {
    database: Database,
    gate: Gate,
    /// Names this run.
    pub id: i64,
    lease_time: Duration,
    claims: Arc<AtomicI64>,
}

/// Claims for one worker.
pub struct Claimer {
    database: Database,
    gate: Gate,
    worker: i64,
    claims: Arc<AtomicI64>,
    doubt: Vec<(i64, Instant)>,
}

/// Records for one worker.
pub struct Recorder {
    database: Database,
    gate: Gate,
    worker: i64,
    doubt: HashSet<Lease>,
}

fn ran_out(_: RanOut) -> Error {
    Error::LeaseRanOut
}

impl Session {
    /// Registers a worker.
    ///
    /// # Errors
    /// As the link has it.
    pub async fn open(database: Database, gate: Gate, lease_time: Duration) -> Result<Self> {
        let register =
            database.send("register", &gate, Commit::Waits, move |t, now| t.register(lease_time, now));
        let id = register.await?;
        Ok(Self { database, gate, id, lease_time, claims: Arc::default() })
    }

    /// The part that claims.
    pub fn claimer(&self) -> Claimer {
        let (database, gate, claims) = (self.database.clone(), self.gate.clone(), self.claims.clone());
        Claimer { database, gate, worker: self.id, claims, doubt: Vec::new() }
    }

    /// The part that records.
    pub fn recorder(&self) -> Recorder {
        let (database, gate) = (self.database.clone(), self.gate.clone());
        Recorder { database, gate, worker: self.id, doubt: HashSet::new() }
    }

    /// Ends the session: what it holds goes back.
    ///
    /// # Errors
    /// As the link has it.
    pub async fn end(self) -> Result<()> {
        let id = self.id;
        self.database.send("end", &self.gate, Commit::Waits, move |t, _| t.end(id)).await?;
        let reclaim = move |t: &mut crate::tables::Tables, now| t.reclaim(Loss::Stopped(id), now, || 0.0);
        self.database.send("sign off", &self.gate, Commit::Waits, reclaim).await.map(drop)
    }
}

impl Renew for Session {
    async fn renew(&mut self, held: &[Lease], _: u32, _: bool) -> Result<Vec<Lease>> {
        let (id, lease, held) = (self.id, self.lease_time, held.to_vec());
        let renew = self.database.send("renew", &self.gate, Commit::Waits, move |t, now| {
            let renewed = t.renew(id, lease, now);
            renewed.then(|| t.lost(&held))
        });
        let answer = tokio::time::timeout(self.lease_time / 3, renew).await;
        let lost = answer.map_err(|_| Error::Unavailable("no answer in time".into()))??;
        lost.ok_or(Error::LeaseLost)
    }

    fn lease_time(&self) -> Duration {
        self.lease_time
    }
}

impl Claim for Claimer {
    async fn claim(&mut self, limit: usize) -> Result<Vec<Claimed>> {
        self.put_back().await?;
        let bug = self.database.open().bug;
        let number = self.claims.fetch_add(1, Relaxed);
        let epoch = (self.worker << 32) | if bug == Some(Bug::EpochReused) { 0 } else { number };
        let worker = self.worker;
        let claim = self
            .database
            .send("claim", &self.gate, Commit::DoesNotWait, move |t, now| t.claim(worker, epoch, limit, now));
        match claim.await {
            Ok(answer) => answer.map_err(ran_out),
            Err(error) => {
                if bug != Some(Bug::UnknownClaimForgotten) {
                    self.doubt.push((epoch, Instant::now()));
                }
                Err(error)
            }
        }
    }
}

impl Claimer {
    async fn put_back(&mut self) -> Result<()> {
        if self.doubt.is_empty() {
            return Ok(());
        }
        let epochs: Vec<i64> = self.doubt.iter().map(|(epoch, _)| *epoch).collect();
        let (worker, asked) = (self.worker, Instant::now());
        let put_back = self
            .database
            .send("put back", &self.gate, Commit::Waits, move |t, now| t.put_back(worker, &epochs, now));
        let tasks = put_back.await?;
        let mut shared = self.database.open();
        shared.counts.put_back += tasks as u64;
        let once = shared.bug == Some(Bug::UnknownClaimAskedOnce);
        self.doubt.retain(|(_, since)| !once && asked.duration_since(*since) < DOUBT);
        Ok(())
    }
}

impl Record for Recorder {
    async fn record(&mut self, batch: &[Settled]) -> Result<Vec<Verdict>> {
        let (worker, outcomes) = (self.worker, batch.to_vec());
        let bug = self.database.open().bug;
        if bug == Some(Bug::UnknownRecordIsSuccess) && batch.iter().all(|s| self.doubt.contains(&s.lease)) {
            return Ok(vec![Verdict::Recorded; batch.len()]);
        }
        let write = self
            .database
            .send("record", &self.gate, Commit::Waits, move |t, now| t.record(worker, &outcomes, now));
        let written = match write.await {
            Ok(answer) => answer.map_err(ran_out)?,
            Err(error) => {
                self.doubt.extend(batch.iter().map(|s| s.lease));
                return Err(error);
            }
        };
        let mut written: HashSet<i64> = written.into_iter().collect();
        let missing = |s: &&Settled| !written.contains(&s.lease.task.get()) && self.doubt.contains(&s.lease);
        let in_doubt: Vec<Settled> = batch.iter().filter(missing).cloned().collect();
        if !in_doubt.is_empty() {
            let ask = self
                .database
                .send("ask", &self.gate, Commit::Waits, move |t, _| t.recorded_before(worker, &in_doubt));
            written.extend(ask.await?);
        }
        let mut shared = self.database.open();
        let mut verdicts = Vec::with_capacity(batch.len());
        for settled in batch {
            self.doubt.remove(&settled.lease);
            let recorded = written.contains(&settled.lease.task.get());
            shared.counts.stale += u64::from(!recorded);
            shared.counts.untrue += u64::from(recorded != shared.tables.was_recorded(settled.lease));
            verdicts.push(if recorded { Verdict::Recorded } else { Verdict::Stale });
        }
        Ok(verdicts)
    }
}
