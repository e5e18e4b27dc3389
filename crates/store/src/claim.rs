//! Hands out work: one short statement for as many tasks as there are free slots.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use sqlx::Row;
use sqlx::postgres::PgRow;
use task_domain::ports::{Claim, Result};
use task_domain::{Claimed, Epoch, Kind, Lease, Name, Payload, Retries, TaskId, WorkerId, WorkerInfo};
use tokio::time::Instant;

use crate::connection::Held;
use crate::lane::Lanes;
use crate::notify::Notifier;
use crate::row::{backoff, count, span};
use crate::watermark::{Took, Watermarks};

/// Claims for one worker, on a connection of its own.
pub struct Claimer {
    worker: WorkerId,
    info: Arc<WorkerInfo>,
    connection: Held,
    lanes: Lanes,
    /// The lanes it serves, highest priority first.
    served: Vec<Served>,
    served_as_of: Option<Instant>,
    marks: Watermarks,
    epochs: Epochs,
    notifier: Notifier,
}

#[derive(Clone)]
struct Served {
    id: i32,
    kind: Kind,
    priority: i32,
}

/// Numbers the claims of one worker's session; clones go on from each other.
#[derive(Clone)]
pub(crate) struct Epochs {
    worker: WorkerId,
    claims: Arc<AtomicU32>,
}

impl Epochs {
    pub(crate) fn new(worker: WorkerId) -> Self {
        Self { worker, claims: Arc::default() }
    }

    /// The worker's id in the upper half, the claim's number in the lower: unique as long as the
    /// id is, for four billion claims of one session.
    fn next(&self) -> Epoch {
        let claim = self.claims.fetch_add(1, Relaxed);
        Epoch::from_store((self.worker.get() << 32) | i64::from(claim))
    }
}

/// Without a hint, new lanes are looked for no more often than this.
const LANES_AGE: std::time::Duration = std::time::Duration::from_millis(500);

impl Claimer {
    pub(crate) fn new(
        worker: WorkerId,
        info: Arc<WorkerInfo>,
        connection: Held,
        lanes: Lanes,
        epochs: Epochs,
        notifier: Notifier,
    ) -> Self {
        // A claim that is lost in a crash of Postgres only runs again, under a new fence; so it
        // need not wait for the disk. What is recorded later waits, and carries the claim with it.
        let connection = connection.on_open("set synchronous_commit = off");
        let marks = Watermarks::new(Instant::now());
        Self {
            worker,
            info,
            connection,
            lanes,
            served: Vec::new(),
            served_as_of: None,
            marks,
            epochs,
            notifier,
        }
    }

    async fn refresh_lanes(&mut self) -> Result<()> {
        let mut connection = self.connection.take().await?;
        let answer = self.lanes.refresh(&mut connection).await;
        self.connection.done(connection, answer)?;
        let info = &self.info;
        let mut served: Vec<_> = self
            .lanes
            .matching(|lane| {
                info.kinds.contains(&lane.kind)
                    && (info.queues.is_empty() || info.queues.contains(&lane.queue))
            })
            .into_iter()
            .map(|(id, lane)| Served { id, kind: lane.kind, priority: lane.priority.get() })
            .collect();
        served.sort_by_key(|s| (std::cmp::Reverse(s.priority), s.id));
        self.served = served;
        self.served_as_of = Some(Instant::now());
        Ok(())
    }
}

impl Claim for Claimer {
    async fn claim(&mut self, limit: usize) -> Result<Vec<Claimed>> {
        let mut tasks = self.claim_once(limit).await?;
        // Found less than asked for: there may be more in a lane that is new.
        let stale = self.served_as_of.is_none_or(|at| at.elapsed() >= LANES_AGE);
        if tasks.len() < limit && (stale || self.lanes.are_behind()) {
            let before = self.served.len();
            self.refresh_lanes().await?;
            if self.served.len() > before {
                tasks.extend(self.claim_once(limit - tasks.len()).await?);
            }
        }
        if !tasks.is_empty() {
            self.notifier.changed();
        }
        Ok(tasks)
    }
}

impl Claimer {
    async fn claim_once(&mut self, limit: usize) -> Result<Vec<Claimed>> {
        if self.served.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let began = Instant::now();
        let start = self.marks.start(self.served.iter().map(|s| s.id), began);
        let lanes: Vec<_> = self.served.iter().map(|s| s.id).collect();
        let priorities: Vec<_> = self.served.iter().map(|s| s.priority).collect();
        let epoch = self.epochs.next();
        let mut connection = self.connection.take().await?;
        let answer = sqlx::query(include_str!("../queries/claim/claim.sql"))
            .bind(self.worker.get())
            .bind(lanes)
            .bind(priorities)
            .bind(start.after)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(epoch.get())
            .fetch_all(&mut connection)
            .await;
        let rows = self.connection.done(connection, answer)?;
        let mut places = Vec::with_capacity(rows.len());
        let mut tasks = Vec::with_capacity(rows.len());
        for row in &rows {
            let (lane, place): (i32, i64) = (row.get(1), row.get(2));
            places.push((lane, place));
            let kind = self.served.iter().find(|s| s.id == lane).map(|s| s.kind.clone());
            tasks.push((place, lane, task(row, kind.unwrap_or_else(|| Kind::from_store("")), epoch)));
        }
        let now = Instant::now();
        let took = Took { full: rows.len() == limit, bottom: start.bottom, time: now - began };
        self.marks.claimed(places.into_iter(), &took, now);
        // The statement picks by priority, then age, but returns in no order.
        let rank = |lane| self.served.iter().position(|s| s.id == lane).map(|n| self.served[n].priority);
        tasks.sort_by_key(|&(place, lane, _)| (std::cmp::Reverse(rank(lane)), place));
        Ok(tasks.into_iter().map(|(_, _, task)| task).collect())
    }
}

fn task(row: &PgRow, kind: Kind, epoch: Epoch) -> Claimed {
    Claimed {
        lease: Lease { task: TaskId::from_store(row.get(0)), attempt: count(row.get(3)), epoch },
        kind,
        failures: count(row.get(4)),
        retries: Retries::new(count(row.get(5))).unwrap_or_default(),
        timeout: row.get::<Option<i64>, _>(6).map(span),
        backoff: backoff(row.get(7), row.get(8)),
        name: Name::from_store(row.get::<&str, _>(9)),
        payload: Payload::from_store(row.get::<&str, _>(10)),
    }
}
