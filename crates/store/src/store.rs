//! The store as servers use it: submit, read, operate, follow, maintain.

use std::sync::Arc;

use task_domain::ports::{Result, Submit};
use task_domain::{Created, NewTask};
use tokio::sync::{Mutex, MutexGuard};

use crate::connection::Held;
use crate::error::from_sqlx;
use crate::lane::Lanes;
use crate::maintain::Upkeep;
use crate::notify::Notifier;
use crate::pool::{Asked, Pool};
use crate::read::Heads;
use crate::settings::Purpose;
use crate::submit::Submitter;
use crate::{Settings, migrate};

/// The ports on Postgres. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    pool: Pool,
    lanes: Lanes,
    notifier: Notifier,
    submitter: Submitter,
    upkeep: Mutex<Upkeep>,
    heads: Heads,
}

impl Store {
    /// Makes ready to connect. The database need not be up yet: each call says so until it is.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(settings: Settings) -> Self {
        let pool = Pool::new(&settings);
        let lanes = Lanes::default();
        let notifier =
            if settings.notify { Notifier::start(&settings, lanes.clone()) } else { Notifier::silent() };
        let submitter = Submitter::start(|| Held::new(&settings, Purpose::Hot), &lanes, &notifier);
        let upkeep = Mutex::new(Upkeep::new(&settings));
        Self {
            inner: Arc::new(Inner {
                settings,
                pool,
                lanes,
                notifier,
                submitter,
                upkeep,
                heads: Heads::default(),
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
            migrate::Status::Behind(steps) => Err(migrate::behind(&steps)),
            migrate::Status::Ahead { database, known } => Err(migrate::ahead(database, known)),
        }
    }

    /// Closes the connections in good order; calls after this fail.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.inner.lanes
    }

    pub(crate) fn heads_seen(&self) -> &Heads {
        &self.inner.heads
    }

    pub(crate) fn notifier(&self) -> &Notifier {
        &self.inner.notifier
    }

    pub(crate) async fn upkeep(&self) -> MutexGuard<'_, Upkeep> {
        self.inner.upkeep.lock().await
    }

    /// A connection for a question.
    pub(crate) async fn ask(&self) -> Result<Asked> {
        self.inner.pool.ask().await
    }
}

impl Submit for Store {
    async fn submit(&self, tasks: Vec<NewTask>) -> Vec<Result<Created>> {
        self.inner.submitter.submit(tasks).await
    }
}
