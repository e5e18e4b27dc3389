//! Connections for questions and operators' actions, shared by all who ask.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use task_domain::ports::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::Settings;
use crate::connection::{ANSWER, BEGIN, COMMIT, ROLLBACK, answered, control};
use crate::error::from_sqlx;
use crate::settings::Purpose;

/// Longest wait for a sign of life from a connection that was lying idle.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// A connection that nobody needed for so long is closed.
const IDLE: Duration = Duration::from_mins(10);

/// At most as many connections as the settings say. Each is checked before it is used again: one that
/// leads to a server which takes writes no longer would answer from the past.
pub(crate) struct Pool {
    settings: Settings,
    idle: Arc<Mutex<Vec<Idle>>>,
    permits: Arc<Semaphore>,
}

struct Idle {
    connection: PgConnection,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(settings: &Settings) -> Self {
        let permits = usize::try_from(settings.pool_size.max(1)).unwrap_or(usize::MAX);
        Self { settings: settings.clone(), idle: Arc::default(), permits: Arc::new(Semaphore::new(permits)) }
    }

    /// A connection; waits for one at most as long as for a new one.
    pub(crate) async fn ask(&self) -> Result<Asked> {
        let limit = self.settings.connect_timeout;
        let permit = match tokio::time::timeout(limit, self.permits.clone().acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(Error::Unavailable("the service is shutting down".into())),
            Err(_) => return Err(Error::Unavailable("all connections are in use".into())),
        };
        let mut connection = match self.idle().await {
            Some(connection) => connection,
            None => self.settings.connect(Purpose::Question).await?,
        };
        let pooled = self.settings.pooled;
        if pooled {
            answered(ANSWER, control(&mut connection, BEGIN)).await.map_err(from_sqlx)?;
        }
        Ok(Asked { connection: Some(connection), idle: self.idle.clone(), permit: Some(permit), pooled })
    }

    async fn idle(&self) -> Option<PgConnection> {
        loop {
            let mut found = lock(&self.idle).pop()?;
            if found.since.elapsed() > IDLE {
                continue;
            }
            if answered(SIGN_OF_LIFE, self.settings.check(&mut found.connection)).await.is_ok() {
                return Some(found.connection);
            }
        }
    }

    /// Closes the connections in good order; calls after this fail.
    pub(crate) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *lock(&self.idle));
        for idle in idle {
            // It is being given up in any case.
            let _ = tokio::time::timeout(SIGN_OF_LIFE, idle.connection.close()).await;
        }
    }
}

fn lock(idle: &Mutex<Vec<Idle>>) -> std::sync::MutexGuard<'_, Vec<Idle>> {
    idle.lock().expect("no holder of this lock panics")
}

/// A connection for a question; goes back when it is dropped. What was written is only sure to be
/// kept after [`keep`](Self::keep).
pub(crate) struct Asked {
    connection: Option<PgConnection>,
    idle: Arc<Mutex<Vec<Idle>>>,
    permit: Option<OwnedSemaphorePermit>,
    pooled: bool,
}

impl Asked {
    /// Commits, where a transaction was begun for it.
    pub(crate) async fn keep(mut self) -> sqlx::Result<()> {
        if std::mem::take(&mut self.pooled) {
            let ended = answered(ANSWER, control(&mut self, COMMIT)).await;
            if ended.is_err() {
                self.connection = None;
            }
            return ended;
        }
        Ok(())
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let (Some(mut connection), permit) = (self.connection.take(), self.permit.take()) else { return };
        let (idle, pooled) = (self.idle.clone(), self.pooled);
        if !pooled {
            return lock(&idle).push(Idle { connection, since: Instant::now() });
        }
        // Without a runtime there is nobody left to ask.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if answered(SIGN_OF_LIFE, control(&mut connection, ROLLBACK)).await.is_ok() {
                lock(&idle).push(Idle { connection, since: Instant::now() });
            }
            drop(permit);
        });
    }
}

impl Deref for Asked {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("there until it is dropped")
    }
}

impl DerefMut for Asked {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("there until it is dropped")
    }
}
