//! Sessions on one named connection: opened when needed, few at once, clean for each task.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _};
use task_domain::{TaskResult, database_url};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::answer::Answer;
use crate::apart::Queue;
use crate::failure::{self, Stage};
use crate::parameters::Request;
use crate::{Connection, Error, query};

/// How long opening a session may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How much longer than the server's own limit is waited before a session is cut off.
const GRACE: Duration = Duration::from_secs(2);
/// A session that nobody used for so long is closed.
const IDLE: Duration = Duration::from_mins(1);
/// How long a query may wait for a lock.
const LOCK: Duration = Duration::from_secs(10);

/// One named connection.
pub(crate) struct Lane {
    name: String,
    settings: Connection,
    options: PgConnectOptions,
    permits: Semaphore,
    idle: Mutex<Vec<(Instant, Session)>>,
}

/// An open session. Dropping it closes its socket, and the server then ends what still runs there.
pub(crate) struct Session {
    pub(crate) postgres: PgConnection,
    /// Whether the server looks for a closed socket while a query runs (Postgres 14 and later).
    notices_end: bool,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Lane {
    pub(crate) fn new(name: String, settings: Connection) -> Result<Self, Error> {
        settings.check(&name)?;
        let (url, ignored) = database_url::heeded(&settings.url);
        for told in ignored {
            tracing::warn!("connection `{name}`: {told}");
        }
        let options = PgConnectOptions::from_str(&url).map_err(|error| Error::Settings {
            name: name.clone(),
            problem: format!("its address cannot be read: {error}"),
        })?;
        // What people ask their databases is not for our log.
        let options = options.application_name("task-run-query").disable_statement_logging();
        let permits = Semaphore::new(settings.max_sessions);
        Ok(Self { name, settings, options, permits, idle: Mutex::default() })
    }

    /// Runs a request within its caps.
    ///
    /// # Cancel safety
    /// Dropped in the middle, it closes the session, which ends the query at the server.
    pub(crate) async fn run(
        &self,
        queue: &Queue,
        request: &Request,
    ) -> Result<TaskResult, task_plugin::Error> {
        let _permit = self.permit().await;
        let session = self.session(queue).await?;
        let limit = self.settings.timeout + GRACE;
        let Ok(done) = tokio::time::timeout(limit, self.work(queue, session, request)).await else {
            let waited = self.settings.timeout.as_secs_f64();
            return Err(task_plugin::Error::retry(format!(
                "connection `{}` gave no answer within {waited} s; the query was cut off",
                self.name
            )));
        };
        done?.into_result()
    }

    /// Asks, ends the transaction, and keeps the session if nothing about it is in doubt.
    async fn work(
        &self,
        queue: &Queue,
        mut session: Session,
        request: &Request,
    ) -> Result<Answer, task_plugin::Error> {
        let answer = match query::read(&mut session.postgres, request, &self.settings).await {
            Ok(read) => {
                if read.unread {
                    session = self.session(queue).await?;
                }
                query::answer(&mut session.postgres, read, &self.settings).await
            }
            Err(failed) => Err(failed),
        };
        match &answer {
            Ok(_) if !self.settings.read_only => {
                let commit = sqlx::raw_sql("COMMIT").execute(&mut session.postgres).await;
                commit.map_err(|error| failure::of(&error, Stage::Commit, &self.settings))?;
            }
            // A failed query leaves a session that is fine, once it is reset.
            Err(failed) if !failed.session_is_fine => return answer.map_err(|failed| failed.error),
            _ => {}
        }
        match reset(&mut session.postgres).await {
            Ok(()) => self.keep(session),
            // The answer is here already; only the session is lost.
            Err(error) => tracing::debug!(connection = self.name, %error, "a session could not be reset"),
        }
        answer.map_err(|failed| failed.error)
    }

    async fn permit(&self) -> SemaphorePermit<'_> {
        self.permits.acquire().await.expect("the semaphore is never closed")
    }

    /// A session in which a transaction has begun.
    async fn session(&self, queue: &Queue) -> Result<Session, task_plugin::Error> {
        let begin = |session: Session| async {
            tokio::time::timeout(CONNECT, self.begin(session)).await.unwrap_or_else(|_| Err(timed_out()))
        };
        while let Some(session) = self.reuse() {
            // One that died while idle has run nothing yet, so another may take its place.
            if let Ok(session) = begin(session).await {
                return Ok(session);
            }
        }
        let session = self.connect(queue).await.map_err(|error| {
            if error.is_retryable() { error.into() } else { task_plugin::Error::give_up(error.to_string()) }
        })?;
        begin(session).await.map_err(|error| failure::of(&error, Stage::Begin, &self.settings))
    }

    /// Opens a session, and refuses it if it could reach the task queue.
    pub(crate) async fn connect(&self, queue: &Queue) -> Result<Session, Error> {
        let open = async {
            let unreachable = |source| Error::Unreachable { name: self.name.clone(), source };
            let mut postgres = self.options.connect().await.map_err(unreachable)?;
            queue.keep_apart(&self.name, &mut postgres).await?;
            let notices_end = match sqlx::raw_sql("SET client_connection_check_interval = 1000")
                .execute(&mut postgres)
                .await
            {
                Ok(_) => true,
                Err(sqlx::Error::Database(_)) => false,
                Err(source) => return Err(unreachable(source)),
            };
            Ok(Session { postgres, notices_end })
        };
        tokio::time::timeout(CONNECT, open)
            .await
            .unwrap_or_else(|_| Err(Error::Silent { name: self.name.clone(), seconds: CONNECT.as_secs() }))
    }

    /// Begins a transaction with all its limits, in one round trip. UTC makes results the same
    /// wherever the server stands.
    async fn begin(&self, mut session: Session) -> Result<Session, sqlx::Error> {
        let mode = if self.settings.read_only { "READ ONLY" } else { "READ WRITE" };
        let timeout = self.settings.timeout.as_millis();
        let lock = self.settings.timeout.min(LOCK).as_millis();
        let mut text = format!(
            "BEGIN {mode}; SET LOCAL statement_timeout = {timeout}; SET LOCAL lock_timeout = {lock}; \
             SET LOCAL idle_in_transaction_session_timeout = {timeout}; SET LOCAL timezone = 'UTC'; \
             SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL bytea_output = 'hex'"
        );
        if session.notices_end {
            text.push_str("; SET LOCAL client_connection_check_interval = 1000");
        }
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut session.postgres).await?;
        Ok(session)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, Session)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reuse(&self) -> Option<Session> {
        let mut idle = self.idle();
        idle.retain(|(since, _)| since.elapsed() < IDLE);
        idle.pop().map(|(_, session)| session)
    }

    fn keep(&self, session: Session) {
        self.idle().push((Instant::now(), session));
    }
}

/// Rolls back what is open and forgets everything about the session: settings, temporary tables,
/// advisory locks, LISTEN, prepared statements.
async fn reset(postgres: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("ROLLBACK").execute(&mut *postgres).await?;
    // First, so that the driver does not count on statements that the server forgets.
    postgres.clear_cached_statements().await?;
    sqlx::raw_sql("DISCARD ALL").execute(postgres).await?;
    Ok(())
}

fn timed_out() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}
