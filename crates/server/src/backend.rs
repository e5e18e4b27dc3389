//! What the server needs of a store: the ports, and three things more.

use std::future::Future;

use task_domain::ports::{Error, Follow, Operate, Read, Result, Submit};
use task_store::Store;
use task_store::migrate::{self, Status};

/// A store that a server can stand on.
pub trait Backend: Submit + Read + Operate + Follow + Clone {
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
    fn maintain(&self) -> impl Future<Output = Result<()>> + Send;
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

    async fn maintain(&self) -> Result<()> {
        let done = Self::maintain(self).await?;
        if done.lost_workers > 0 || done.reclaimed > 0 {
            tracing::warn!(
                lost_workers = done.lost_workers,
                reclaimed = done.reclaimed,
                "took tasks back from workers that were lost"
            );
        }
        Ok(())
    }
}
