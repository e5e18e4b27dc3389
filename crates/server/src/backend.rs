//! What the server needs of a store: the ports, and four things more.

use std::future::Future;

use task_domain::ports::{Error, Follow, Operate, Read, Result, Submit, Survey};
use task_store::migrate::{self, Status};
use task_store::{Maintained, Store};

use crate::metrics::{RECLAIMED, WORKERS_LOST};

/// A store that a server can stand on.
pub trait Backend: Submit + Read + Survey + Operate + Follow + Clone {
    /// Makes sure, before the first call, that the schema is what this binary needs: by bringing
    /// it there if `migrate`, or else by looking. Safe when several servers do it at once.
    ///
    /// # Errors
    /// A retryable one while the database is away or somebody else has yet to migrate it; any
    /// other means that trying again is no use.
    fn prepare(&self, migrate: bool) -> impl Future<Output = Result<()>> + Send;

    /// Whether calls can be served now.
    ///
    /// # Errors
    /// Why not.
    fn ready(&self) -> impl Future<Output = Result<()>> + Send;

    /// One round of the store's own housekeeping.
    ///
    /// # Errors
    /// As the database says; the next round makes up for it.
    fn maintain(&self) -> impl Future<Output = Result<Pace>> + Send;

    /// A look for workers whose processes are gone, and only that.
    ///
    /// # Errors
    /// As the database says; leases make up for it.
    fn look_for_the_gone(&self) -> impl Future<Output = Result<Pace>> + Send;
}

/// How soon to look again whether workers are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Nothing is running: with the next round.
    Calm,
    /// Tasks may be running: soon.
    Stirring,
}

impl Backend for Store {
    async fn prepare(&self, migrate: bool) -> Result<()> {
        if !migrate {
            return Self::ready(self).await;
        }
        for step in migrate::run(self.settings()).await? {
            tracing::info!(step, "migrated");
        }
        Ok(())
    }

    async fn ready(&self) -> Result<()> {
        match migrate::status(self.settings()).await? {
            // A newer server may migrate the schema ahead while this one runs: each step leaves
            // the version before it able to go on.
            Status::Current | Status::Ahead { .. } => Ok(()),
            Status::Behind(steps) => {
                Err(Error::Unavailable(format!("migrations are missing: {}", steps.join(", ")).into()))
            }
        }
    }

    async fn maintain(&self) -> Result<Pace> {
        Ok(tell(Self::maintain(self).await?))
    }

    async fn look_for_the_gone(&self) -> Result<Pace> {
        Ok(tell(Self::look_for_the_gone(self).await?))
    }
}

fn tell(done: Maintained) -> Pace {
    if done.lost_workers > 0 || done.reclaimed > 0 {
        metrics::counter!(WORKERS_LOST).increment(done.lost_workers);
        metrics::counter!(RECLAIMED).increment(done.reclaimed);
        tracing::warn!(
            lost_workers = done.lost_workers,
            reclaimed = done.reclaimed,
            "took tasks back from workers that were lost"
        );
    }
    if done.stirring { Pace::Stirring } else { Pace::Calm }
}
