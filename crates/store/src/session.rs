//! A worker's session: its registration, its lease, and the parts that work under it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use sqlx::postgres::PgConnection;
use task_domain::ports::{Error, Renew, Result};
use task_domain::{KindInfo, Lease, WorkerId, WorkerInfo};

use crate::arrays::millis;
use crate::claim::Epochs;
use crate::connection::{ANSWER, Held, answered};
use crate::lane::Lanes;
use crate::listen::{Listening, listen_as};
use crate::maintain::{Loss, reclaim};
use crate::notify::Notifier;
use crate::row::{ClaimOf, claim_of};
use crate::settings::Purpose;
use crate::{Claimer, Promoter, Recorder, Settings, WakeUps};

/// How long a lease lasts from its renewal, unless set otherwise.
pub(crate) const LEASE_TIME: Duration = Duration::from_secs(15);

/// How a worker's session is held.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// How long the lease lasts from its renewal; renew at a third of it. Default: 15 s.
    pub lease_time: Duration,
    /// Time between two looks for work without a hint. Default: 1 s.
    pub poll: Duration,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { lease_time: LEASE_TIME, poll: Duration::from_secs(1) }
    }
}

/// One registered run of a worker. Ends when it is ended, or when its lease runs out.
pub struct Session {
    id: WorkerId,
    info: Arc<WorkerInfo>,
    settings: Settings,
    options: SessionSettings,
    control: Held,
    listening: Listening,
    notifier: Notifier,
    lanes: Lanes,
    epochs: Epochs,
    /// Outcomes that came too late, since a renewal last told of them.
    stale: Arc<AtomicU32>,
}

impl Session {
    /// Registers a worker.
    ///
    /// # Errors
    /// As the database says.
    pub async fn open(settings: Settings, info: WorkerInfo, options: SessionSettings) -> Result<Self> {
        let mut control = Held::new(&settings, Purpose::Hot);
        let words = |words: &mut dyn Iterator<Item = String>| words.collect::<Vec<_>>();
        let mut connection = control.take().await?;
        let statement = sqlx::query_scalar(include_str!("../queries/worker/register.sql"))
            .bind(&info.name)
            .bind(&info.version)
            .bind(words(&mut info.kinds.iter().map(ToString::to_string)))
            .bind(words(&mut info.queues.iter().map(ToString::to_string)))
            .bind(info.slots.cast_signed())
            .bind(millis(options.lease_time))
            .bind(&info.host);
        let answer = answered(ANSWER, statement.fetch_one(&mut connection)).await;
        let id: i64 = control.done(connection, answer).await?;
        let lanes = Lanes::default();
        let notifier =
            if settings.notify { Notifier::start(&settings, lanes.clone()) } else { Notifier::silent() };
        Ok(Self {
            id: WorkerId::from_store(id),
            info: Arc::new(info),
            control,
            listening: listen_as(WorkerId::from_store(id), &settings),
            notifier,
            lanes,
            epochs: Epochs::new(WorkerId::from_store(id)),
            settings,
            options,
            stale: Arc::default(),
        })
    }

    /// Notes what plugins say of their types, for all who submit tasks.
    ///
    /// # Errors
    /// As the database says.
    pub async fn describe(&mut self, kinds: &[KindInfo]) -> Result<()> {
        let mut connection = self.control.take().await?;
        let statement = sqlx::query(include_str!("../queries/worker/describe.sql"))
            .bind(kinds.iter().map(|k| k.kind.to_string()).collect::<Vec<_>>())
            .bind(kinds.iter().map(|k| k.description.clone()).collect::<Vec<_>>())
            .bind(kinds.iter().map(|k| k.parameters_schema.clone()).collect::<Vec<_>>());
        let answer = answered(ANSWER, statement.execute(&mut connection)).await;
        self.control.done(connection, answer).await?;
        Ok(())
    }

    /// Names this run.
    pub fn id(&self) -> WorkerId {
        self.id
    }

    /// The part that claims tasks.
    pub fn claimer(&self) -> Claimer {
        Claimer::new(
            self.id,
            self.info.clone(),
            // A claim that is lost in a crash of Postgres only runs again, under a new fence; so it
            // need not wait for the disk. What is recorded later waits, and carries the claim with it.
            Held::new(&self.settings, Purpose::Claim),
            self.lanes.clone(),
            self.epochs.clone(),
            self.notifier.clone(),
        )
    }

    /// The part that records what became of them.
    pub fn recorder(&self) -> Recorder {
        let connection = Held::new(&self.settings, Purpose::Record);
        Recorder::new(self.id, connection, self.notifier.clone(), self.stale.clone())
    }

    /// The part that brings tasks into line when their time has come.
    pub fn promoter(&self) -> Promoter {
        Promoter::new(Held::new(&self.settings, Purpose::Hot), self.notifier.clone())
    }

    /// The part that hears when there is work, and polls.
    pub fn wake_ups(&self) -> WakeUps {
        WakeUps::new(&self.listening, self.lanes.clone(), self.options.poll)
    }

    /// Ends the session: what it still holds goes back at once.
    ///
    /// # Errors
    /// As the database says; the lease then runs out by itself.
    pub async fn end(mut self, reason: &'static str) -> Result<()> {
        let mut connection = self.control.take().await?;
        let answer = answered(ANSWER, self.end_on(&mut connection, reason)).await;
        let ended = self.control.done(connection, answer).await;
        self.control.close().await;
        if ended? > 0 {
            self.notifier.ready();
            self.notifier.changed();
        }
        Ok(())
    }

    async fn end_on(&self, connection: &mut PgConnection, reason: &str) -> sqlx::Result<u64> {
        sqlx::query(include_str!("../queries/worker/end.sql"))
            .bind(self.id.get())
            .bind(reason)
            .execute(&mut *connection)
            .await?;
        reclaim(connection, Loss::Stopped(self.id)).await
    }
}

impl Renew for Session {
    async fn renew(&mut self, held: &[Lease], busy: u32, draining: bool) -> Result<Vec<Lease>> {
        let mut connection = self.control.take().await?;
        let limit = self.options.lease_time / 3;
        let stale = self.stale.swap(0, Relaxed);
        let answer = answered(limit, self.renew_on(&mut connection, held, busy, draining, stale)).await;
        let lost = self.control.done(connection, answer).await;
        if lost.is_err() {
            self.stale.fetch_add(stale, Relaxed);
        }
        let lost = lost?;
        let lost = lost.ok_or(Error::LeaseLost)?;
        Ok(held.iter().filter(|l| lost.contains(&claim_of(l))).copied().collect())
    }

    fn lease_time(&self) -> Duration {
        self.options.lease_time
    }
}

impl Session {
    /// The claims that are lost, or nothing if the session itself has ended.
    async fn renew_on(
        &self,
        connection: &mut PgConnection,
        held: &[Lease],
        busy: u32,
        draining: bool,
        stale: u32,
    ) -> sqlx::Result<Option<HashSet<ClaimOf>>> {
        let workers: Option<i32> = sqlx::query_scalar(include_str!("../queries/worker/renew.sql"))
            .bind(self.id.get())
            .bind(millis(self.options.lease_time))
            .bind(busy.cast_signed())
            .bind(draining)
            .bind(i64::from(stale))
            .fetch_optional(&mut *connection)
            .await?;
        let Some(workers) = workers else { return Ok(None) };
        self.notifier.set_workers(workers.unsigned_abs());
        if held.is_empty() {
            return Ok(Some(HashSet::new()));
        }
        let tasks: Vec<_> = held.iter().map(|l| l.task.get()).collect();
        let epochs: Vec<_> = held.iter().map(|l| l.epoch.get()).collect();
        let lost: Vec<ClaimOf> = sqlx::query_as(include_str!("../queries/worker/held.sql"))
            .bind(tasks)
            .bind(epochs)
            .fetch_all(connection)
            .await?;
        Ok(Some(lost.into_iter().collect()))
    }
}
