//! Where the database may be, and which of these places takes writes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Row};
use task_domain::ports::Result;

use crate::Settings;
use crate::connection::within;
use crate::settings::{OURS, Purpose};

/// One server, or several of which one takes writes at a time. Clones share which one did last.
#[derive(Clone)]
pub(crate) struct Places {
    all: Arc<[PgConnectOptions]>,
    current: Arc<AtomicUsize>,
}

impl Places {
    pub(crate) fn new(all: Vec<PgConnectOptions>) -> Self {
        Self { all: all.into(), current: Arc::default() }
    }

    /// The one that took writes last.
    pub(crate) fn current(&self) -> &PgConnectOptions {
        &self.all[self.current.load(Relaxed)]
    }

    pub(crate) fn are_several(&self) -> bool {
        self.all.len() > 1
    }

    pub(crate) fn describe(&self) -> String {
        let first = &self.all[0];
        let database = first.get_database().unwrap_or_else(|| first.get_username());
        let names: Vec<_> = self.all.iter().map(name).collect();
        let (last, others) = names.split_last().expect("a URL has a host");
        let or = if others.is_empty() { "" } else { " or " };
        format!("database `{database}` at {}{or}{last}", others.join(", "))
    }
}

fn name(place: &PgConnectOptions) -> String {
    match place.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", place.get_host(), place.get_port()),
    }
}

impl Settings {
    /// Opens a connection to the place that takes writes: first tried is the one that did last.
    ///
    /// # Errors
    /// [`Unavailable`](task_domain::ports::Error::Unavailable) if there is none just now.
    pub(crate) async fn connect(&self, purpose: Purpose) -> Result<PgConnection> {
        within(self.connect_timeout, self.find(purpose)).await
    }

    async fn find(&self, purpose: Purpose) -> sqlx::Result<PgConnection> {
        let places = &self.places;
        let count = places.all.len();
        let first = places.current.load(Relaxed);
        let mut problems = Vec::new();
        for at in (first..count).chain(0..first) {
            let place = &places.all[at];
            let opening = self.open(place, purpose);
            // A place that does not answer must leave time for the others.
            let limit = self.connect_timeout / u32::try_from(count).unwrap_or(u32::MAX);
            let problem = match tokio::time::timeout(limit, opening).await {
                Ok(Ok(connection)) => {
                    places.current.store(at, Relaxed);
                    return Ok(connection);
                }
                Ok(Err(error)) if count == 1 => return Err(error),
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {limit:?}"),
            };
            problems.push(format!("{}: {problem}", name(place)));
        }
        Err(sqlx::Error::Io(io::Error::other(problems.join("; "))))
    }

    async fn open(&self, place: &PgConnectOptions, purpose: Purpose) -> sqlx::Result<PgConnection> {
        let mut connection = self.options(place, purpose).connect().await.map_err(pooler)?;
        self.check(&mut connection).await?;
        Ok(connection)
    }

    /// Checks that this connection leads to a server that takes writes, and to a session of our own
    /// unless a pooler is expected. One round trip.
    pub(crate) async fn check(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let ask = sqlx::AssertSqlSafe(format!(
            "select current_setting('transaction_read_only') = 'on', \
             current_setting('{OURS}', true) is not distinct from 'on'"
        ));
        // By the simple protocol: it works through any pooler.
        let row = sqlx::Executor::fetch_one(connection, sqlx::raw_sql(ask)).await?;
        let (read_only, ours): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
        if read_only {
            return Err(sqlx::Error::Io(io::Error::other("takes no writes: a standby, or set to read-only")));
        }
        if !ours && !self.pooled {
            return Err(sqlx::Error::Configuration(POOLER.into()));
        }
        Ok(())
    }
}

const POOLER: &str = "a pooler stands between that does not keep session settings; \
    give the address of Postgres itself, or say --pooled";

/// Makes a pooler's refusal of session settings say what to do.
fn pooler(error: sqlx::Error) -> sqlx::Error {
    let refused = |e: &dyn sqlx::error::DatabaseError| e.message().contains("unsupported startup parameter");
    match error.as_database_error() {
        Some(database) if refused(database) => sqlx::Error::Configuration(POOLER.into()),
        _ => error,
    }
}
