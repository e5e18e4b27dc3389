//! Hands out work: one short statement for as many tasks as there are free slots.

mod answer;
mod form;
mod own;
mod single;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use jiff_sqlx::ToSqlx;
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use task_domain::ports::{Claim, Error, Result, Spot};
use task_domain::seeded::bug;
use task_domain::{Claimed, Epoch, Kind, Lease, Retries, TaskId, WorkerId, WorkerInfo};
use tokio::time::Instant;

use self::answer::{Answer, Found};
use self::form::Form;
use self::own::Own;
use crate::connection::{ANSWER, Held, answered};
use crate::error::from_sqlx;
use crate::lane::Lanes;
use crate::notify::Notifier;
use crate::row::{backoff, count, span};
use crate::seeded::statement;
use crate::watermark::{Seen, Start, Watermarks};

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
    /// How many tasks the last claim got: the next is expected to get as many.
    expected: usize,
    epochs: Epochs,
    /// Claims whose answer was lost, with when: they may have been committed all the same.
    doubt: Vec<(Epoch, Instant)>,
    notifier: Notifier,
}

#[derive(Clone)]
struct Served {
    id: i32,
    kind: Kind,
    priority: i32,
}

/// The statement that claims from so many lanes where many tasks are expected, for those who want to see how Postgres does
/// that.
pub fn claim_statement(lanes: usize) -> &'static str {
    Form::of(usize::MAX, lanes).text()
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

/// So long after its answer was lost, no claim can still be running: the server ends it before.
const DOUBT: Duration = Duration::from_secs(30);

/// A claim says if there are newer lanes than are known. One that was committed after a newer one, and
/// those that a worker needs which serves none yet, are looked for this often.
const LANES_AGE: Duration = Duration::from_secs(15);
const LANES_AGE_IDLE: Duration = Duration::from_millis(500);
const LANES_AGE_IDLE_HEARING: Duration = Duration::from_secs(4);

impl Claimer {
    pub(crate) fn new(
        worker: WorkerId,
        info: Arc<WorkerInfo>,
        connection: Held,
        lanes: Lanes,
        epochs: Epochs,
        notifier: Notifier,
    ) -> Self {
        let marks = Watermarks::new(Instant::now());
        Self {
            worker,
            info,
            connection,
            lanes,
            served: Vec::new(),
            served_as_of: None,
            marks,
            expected: 0,
            epochs,
            doubt: Vec::new(),
            notifier,
        }
    }

    /// On a new connection: the database may have crashed, or be another one by now. Claims are not
    /// waited for, so what was seen of the line may have been undone; and a standby may lack lanes.
    async fn start_anew(&mut self) -> Result<()> {
        self.marks = Watermarks::new(Instant::now());
        let mut connection = self.connection.take().await?;
        // After an error it is not kept: only one that is open counts as one that knows its lanes.
        answered(ANSWER, self.lanes.read_anew(&mut connection)).await.map_err(from_sqlx)?;
        self.connection.done(connection, Ok(())).await?;
        self.serve_lanes();
        Ok(())
    }

    async fn refresh_lanes(&mut self) -> Result<()> {
        let mut connection = self.connection.take().await?;
        let answer = answered(ANSWER, self.lanes.refresh(&mut connection)).await;
        self.connection.done(connection, answer).await?;
        self.serve_lanes();
        Ok(())
    }

    /// Serves the lanes that are known by now.
    fn serve_lanes(&mut self) {
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
    }
}

impl Claim for Claimer {
    async fn claim(&mut self, limit: usize) -> Result<Vec<Claimed>> {
        self.put_back().await?;
        let mut tasks = self.claim_once(limit).await?;
        // Found less than asked for: there may be more in a lane that is new.
        if tasks.len() < limit && self.lanes_may_be_new(tasks.is_empty()) {
            match self.claim_from_new_lanes(limit - tasks.len()).await {
                Ok(more) => tasks.extend(more),
                // What is in hand must not be lost over it.
                Err(error) if tasks.is_empty() => return Err(error),
                Err(error) => tracing::debug!(%error, "cannot look for new lanes"),
            }
        }
        self.tell(&tasks);
        Ok(tasks)
    }

    async fn claim_at(&mut self, spot: Spot, limit: usize) -> Result<Vec<Claimed>> {
        if !self.is_served(spot) {
            return self.claim(limit).await;
        }
        self.put_back().await?;
        let task: Vec<_> = self.claim_single(spot).await?.into_iter().collect();
        self.tell(&task);
        Ok(task)
    }
}

impl Claimer {
    /// Tells of what was found.
    fn tell(&self, tasks: &[Claimed]) {
        if !tasks.is_empty() {
            self.lanes.found();
            self.notifier.changed();
        }
    }

    /// A look without an announcement does not hold up what was found.
    fn lanes_may_be_new(&self, found_nothing: bool) -> bool {
        let age = match (self.served.is_empty(), self.lanes.is_hearing()) {
            (false, _) => LANES_AGE,
            (true, true) => LANES_AGE_IDLE_HEARING,
            (true, false) => LANES_AGE_IDLE,
        };
        let aged = found_nothing && self.served_as_of.is_none_or(|at| at.elapsed() >= age);
        self.lanes.are_behind() || aged
    }

    async fn claim_from_new_lanes(&mut self, limit: usize) -> Result<Vec<Claimed>> {
        let before = self.served.len();
        self.refresh_lanes().await?;
        if self.served.len() > before { self.claim_once(limit).await } else { Ok(Vec::new()) }
    }

    async fn claim_once(&mut self, limit: usize) -> Result<Vec<Claimed>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        if !self.connection.is_open() {
            self.start_anew().await?;
        }
        if self.served.is_empty() {
            return Ok(Vec::new());
        }
        let began = Instant::now();
        let start = self.marks.start(self.served.iter().map(|s| s.id), began);
        let epoch = self.epochs.next();
        let answer = match self.run(&start, epoch, limit).await {
            Ok(answer) => answer,
            Err(error) => {
                self.marks.failed(&start, began, Instant::now());
                return Err(error);
            }
        };
        self.lanes.announce(answer.newest_lane.unwrap_or_default());
        if !answer.has_lease {
            self.marks.failed(&start, began, Instant::now());
            return Err(Error::LeaseRanOut);
        }
        let found = answer.found;
        self.expected = found.len();
        let seen = Seen {
            places: found.iter().map(|found| (found.lane, found.place)).collect(),
            full: found.len() == limit,
            at: answer.at,
            next: answer.next,
        };
        self.marks.claimed(&start, self.served.iter().map(|s| s.id), seen, began, Instant::now());
        Ok(self.in_order(found).into_iter().map(|found| self.claimed(found, epoch)).collect())
    }

    /// The statement picks by priority, then age, but returns in no order.
    fn in_order(&self, mut found: Vec<Found>) -> Vec<Found> {
        let rank = |lane| self.served.iter().find(|s| s.id == lane).map(|s| s.priority);
        found.sort_by_key(|found| (std::cmp::Reverse(rank(found.lane)), found.place));
        found
    }

    fn claimed(&self, found: Found, epoch: Epoch) -> Claimed {
        let Found { lane, place, name, payload, own } = found;
        let kind = self.served.iter().find(|s| s.id == lane).map(|s| s.kind.clone());
        Claimed {
            lease: Lease { task: TaskId::from_store(place.task), attempt: count(own.attempt), epoch },
            kind: kind.unwrap_or_else(|| Kind::from_store("")),
            failures: count(own.failures),
            retries: Retries::new(count(own.retries)).unwrap_or_default(),
            timeout: own.timeout_ms.map(span),
            backoff: backoff(own.backoff_initial_ms, own.backoff_max_ms),
            name,
            payload,
        }
    }

    async fn run(&mut self, start: &Start, epoch: Epoch, limit: usize) -> Result<Answer> {
        let lanes: Vec<_> = self.served.iter().map(|s| s.id).collect();
        let priorities: Vec<_> = self.served.iter().map(|s| s.priority).collect();
        let form = Form::of(self.expected, lanes.len());
        let query = sqlx::query(statement(form.text()))
            .bind(self.worker.get())
            .bind(lanes)
            .bind(priorities)
            .bind(start.after.iter().map(|place| place.at.to_sqlx()).collect::<Vec<_>>())
            .bind(start.after.iter().map(|place| place.task).collect::<Vec<_>>())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(epoch.get())
            .bind(i64::try_from(start.reach.as_micros()).unwrap_or(i64::MAX))
            .bind(start.locked_since)
            .bind(Own::default().retries);
        Ok(Answer::read(form, &self.ask(query, epoch).await?))
    }

    /// Runs a claim's statement.
    async fn ask(&mut self, query: Query<'_, Postgres, PgArguments>, epoch: Epoch) -> Result<Vec<PgRow>> {
        let mut connection = self.connection.take().await?;
        let answer = answered(ANSWER, query.fetch_all(&mut connection)).await;
        let refused = answer.as_ref().is_err_and(|error| error.as_database_error().is_some());
        let rows = self.connection.done(connection, answer).await;
        if rows.is_err() && !refused && !bug("unheard-claim-forgotten") {
            self.doubt.push((epoch, Instant::now()));
        }
        rows
    }

    /// Puts back what was claimed by statements whose answer was lost. Asked again until they
    /// cannot be running any more.
    async fn put_back(&mut self) -> Result<()> {
        if self.doubt.is_empty() {
            return Ok(());
        }
        let epochs: Vec<_> = self.doubt.iter().map(|(epoch, _)| epoch.get()).collect();
        let asked = Instant::now();
        let mut connection = self.connection.take().await?;
        let statement = sqlx::query_as(include_str!("../../queries/claim/put_back.sql"))
            .bind(self.worker.get())
            .bind(epochs);
        let answer = answered(ANSWER, statement.fetch_one(&mut connection)).await;
        let (tasks, _): (i64, String) = self.connection.done(connection, answer).await?;
        if tasks > 0 {
            tracing::warn!(tasks, "put back tasks whose claim was not heard of");
            self.notifier.ready();
        }
        self.doubt.retain(|(_, since)| asked.duration_since(*since) < DOUBT);
        Ok(())
    }
}
