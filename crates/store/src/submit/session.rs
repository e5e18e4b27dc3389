//! A connection that stores tasks, and what has to be known before it can.

use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;

use sqlx::postgres::PgConnection;
use task_domain::ports::{Error, Result};
use task_domain::{Lane, NewTask};
use tokio::sync::Notify;

use super::found::{Found, find};
use super::insert::{Stored, insert};
use crate::connection::{ANSWER, Held, answered};
use crate::error::from_sqlx;
use crate::lane::Lanes;

pub(super) struct Session {
    connection: Held,
    lanes: Lanes,
    /// Told by a session that had to open its connection for a batch.
    opened: Arc<Notify>,
    /// Whether a commit may tell of what it brings.
    may_tell: bool,
}

impl Session {
    /// One of several that share `opened`.
    pub(super) fn new(connection: Held, lanes: Lanes, opened: Arc<Notify>) -> Self {
        Self { connection, lanes, opened, may_tell: false }
    }

    /// Whether a commit may tell of what it brings. Not where it waits for a standby, too: if that is gone, it waits
    /// for long, and holds up the hints of the whole cluster.
    pub(super) fn may_tell(&self) -> bool {
        self.may_tell
    }

    /// Waits until another session had to open its connection, and this one's is not open either.
    ///
    /// # Cancel safety
    /// Safe: what was told is told again.
    pub(super) async fn is_next(&self) {
        if self.connection.is_open() {
            return pending().await;
        }
        self.opened.notified().await;
    }

    /// Opens the connection. What is known of lanes is read anew: the database may be another one by now.
    pub(super) async fn open(&mut self) -> Result<()> {
        let mut connection = self.connection.take().await?;
        let answer = answered(ANSWER, async {
            self.lanes.read_anew(&mut connection).await?;
            waits_for_standby(&mut connection).await
        });
        // After an error it is not kept: only one that is open counts as one that knows its lanes.
        self.may_tell = !answer.await.map_err(from_sqlx)?;
        self.connection.done(connection, Ok(())).await
    }

    /// Stores the tasks whose idempotency keys are new. With `tell`, the commit says that there is work, if it is that of
    /// a task that comes alone.
    pub(super) async fn insert(&mut self, tasks: &[&NewTask], tell: bool) -> Result<Vec<Stored>> {
        let is_new = !self.connection.is_open();
        if is_new {
            self.open().await?;
        }
        let lanes = self.know_lanes(tasks).await?;
        let told = tell.then(|| self.lanes.newest());
        let mut connection = self.connection.take().await?;
        let answer = answered(ANSWER, insert(&mut connection, tasks, &lanes, told)).await;
        if is_new && answer.is_ok() {
            self.opened.notify_one();
        }
        self.connection.done(connection, answer).await
    }

    /// The lanes of these tasks; makes those that there are none of yet.
    async fn know_lanes(&mut self, tasks: &[&NewTask]) -> Result<Vec<i32>> {
        let wanted: Vec<_> = tasks.iter().map(|t| t.lane()).collect();
        let known: Vec<_> = wanted.iter().filter_map(|lane| self.lanes.id(lane)).collect();
        if known.len() == wanted.len() {
            return Ok(known);
        }
        let unknown: Vec<_> = wanted.iter().filter(|lane| self.lanes.id(lane).is_none()).collect();
        self.make_lanes(&unknown).await?;
        if self.lacks_lane(tasks) {
            // That of a value, so that it costs only those tasks which it is about.
            return Err(Error::Unstorable("there are too many lanes".into()));
        }
        // Another session may just be reading them anew.
        let changed = || Error::Unavailable("lanes have changed".into());
        wanted.iter().map(|lane| self.lanes.id(lane).ok_or_else(changed)).collect()
    }

    /// They are read in a transaction after the one that adds them: where a pooler makes each statement one, a
    /// lane that was undone must not be taken for known.
    async fn make_lanes(&mut self, lanes: &[&Lane]) -> Result<()> {
        let mut connection = self.connection.take().await?;
        let answer = answered(ANSWER, self.lanes.add(&mut connection, lanes)).await;
        self.connection.done(connection, answer).await?;
        let mut connection = self.connection.take().await?;
        let answer = answered(ANSWER, self.lanes.refresh(&mut connection)).await;
        self.connection.done(connection, answer).await.map(drop)
    }

    /// Whether there is no lane for one of these tasks, nor room for it.
    pub(super) fn lacks_lane(&self, tasks: &[&NewTask]) -> bool {
        let lanes = tasks.iter().map(|t| t.lane());
        let unknown: HashSet<_> = lanes.filter(|lane| self.lanes.id(lane).is_none()).collect();
        !unknown.is_empty() && self.lanes.are_too_many_with(unknown.len())
    }

    /// The tasks that have the keys of these.
    pub(super) async fn find(&mut self, keyed: &[&NewTask]) -> Result<Found> {
        let mut connection = self.connection.take().await?;
        let answer = answered(ANSWER, find(&mut connection, keyed)).await;
        self.connection.done(connection, answer).await
    }

    /// Closes the connection in good order.
    pub(super) async fn close(mut self) {
        self.connection.close().await;
    }
}

async fn waits_for_standby(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("select current_setting('synchronous_standby_names') <> ''")
        .persistent(false)
        .fetch_one(connection)
        .await
}
