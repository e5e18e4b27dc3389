//! The store as servers use it: submit, read, operate, follow, maintain.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgPool, PgPoolOptions};
use task_domain::ports::{Error, Result, Submit};
use task_domain::{Created, NewTask};

use crate::connection::Held;
use crate::error::from_sqlx;
use crate::lane::Lanes;
use crate::maintain::Watching;
use crate::notify::Notifier;
use crate::submit::Submitter;
use crate::{Settings, migrate};

/// The ports on Postgres. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    pool: PgPool,
    lanes: Lanes,
    notifier: Notifier,
    submitter: Submitter,
    /// When to look anew for what lost workers left behind.
    sweep_at: Mutex<Instant>,
    watching: Watching,
}

/// Time between two looks for what an earlier sweep did not finish.
const SWEEP: Duration = Duration::from_secs(30);

impl Store {
    /// Makes ready to connect. The database need not be up yet: each call says so until it is.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(settings: Settings) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(settings.pool_size)
            .acquire_timeout(settings.connect_timeout)
            .connect_lazy_with(settings.for_questions());
        let held = || Held::new(settings.for_hot_statements(), settings.connect_timeout);
        let lanes = Lanes::default();
        let notifier =
            if settings.notify { Notifier::start(held(), lanes.clone()) } else { Notifier::silent() };
        let submitter = Submitter::start(held, &lanes, &notifier);
        let sweep_at = Mutex::new(Instant::now());
        Self {
            inner: Arc::new(Inner {
                settings,
                pool,
                lanes,
                notifier,
                submitter,
                sweep_at,
                watching: Watching::default(),
            }),
        }
    }

    /// How this store reaches the database.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Whether the database can be reached and has the tables this program needs.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if not, with the reason as its source.
    pub async fn ready(&self) -> Result<()> {
        let mut connection = self.ask().await?;
        match migrate::read_status(&mut connection).await.map_err(from_sqlx)? {
            migrate::Status::Current => Ok(()),
            migrate::Status::Behind(steps) => {
                let steps = steps.join(", ");
                Err(Error::Unavailable(
                    format!("migrations are missing: {steps}; run `task-server migrate`").into(),
                ))
            }
            migrate::Status::Ahead { database, known } => Err(migrate::ahead(database, known)),
        }
    }

    /// Closes the connections in good order; calls after this fail.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }

    /// Whether it is time to look for what an earlier sweep did not finish; then not again for a
    /// while.
    pub(crate) fn sweep_is_due(&self) -> bool {
        let mut at = self.inner.sweep_at.lock().expect("no holder of this lock panics");
        let due = *at <= Instant::now();
        if due {
            *at = Instant::now() + SWEEP;
        }
        due
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.inner.lanes
    }

    pub(crate) fn notifier(&self) -> &Notifier {
        &self.inner.notifier
    }

    pub(crate) fn watching(&self) -> &Watching {
        &self.inner.watching
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.inner.pool
    }

    /// A connection for a question.
    pub(crate) async fn ask(&self) -> Result<PoolConnection<Postgres>> {
        self.inner.pool.acquire().await.map_err(from_sqlx)
    }
}

impl Submit for Store {
    async fn submit(&self, tasks: Vec<NewTask>) -> Vec<Result<Created>> {
        self.inner.submitter.submit(tasks).await
    }
}
