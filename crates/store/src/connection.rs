//! A connection that one loop holds for itself.

use std::future::Future;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use task_domain::ports::{Error, Result};

use crate::Settings;
use crate::error::{from_sqlx, leaves_connection_good};
use crate::settings::Purpose;

/// A connection that is opened when it is needed and dropped when it may be bad.
pub(crate) struct Held {
    settings: Settings,
    purpose: Purpose,
    open: Option<PgConnection>,
    /// How many connections it has had.
    opened: u64,
}

impl Held {
    pub(crate) fn new(settings: &Settings, purpose: Purpose) -> Self {
        Self { settings: settings.clone(), purpose, open: None, opened: 0 }
    }

    /// Takes the connection out, opening it if need be.
    ///
    /// # Cancel safety
    /// Whoever is dropped with it in hand drops it too: an answer that was not read would be taken
    /// for the next statement's.
    pub(crate) async fn take(&mut self) -> Result<PgConnection> {
        let mut connection = if let Some(connection) = self.open.take() {
            connection
        } else {
            self.opened += 1;
            self.settings.connect(self.purpose).await?
        };
        if self.settings.pooled {
            answered(ANSWER, control(&mut connection, BEGIN)).await.map_err(from_sqlx)?;
        }
        Ok(connection)
    }

    /// Puts it back after a statement, unless the answer says that it may be bad.
    pub(crate) async fn done<T>(
        &mut self,
        mut connection: PgConnection,
        answer: sqlx::Result<T>,
    ) -> Result<T> {
        let mut answer = answer;
        if self.settings.pooled {
            let end = if answer.is_ok() { COMMIT } else { ROLLBACK };
            let ended = answered(ANSWER, control(&mut connection, end)).await;
            if let Err(error) = ended
                && answer.is_ok()
            {
                answer = Err(error);
            }
        }
        if answer.as_ref().err().is_none_or(leaves_connection_good) {
            self.open = Some(connection);
        }
        answer.map_err(from_sqlx)
    }

    /// Which of its connections this is, from 1; 0 before the first.
    pub(crate) fn opened(&self) -> u64 {
        self.opened
    }

    /// Whether a connection is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Closes it in good order.
    pub(crate) async fn close(&mut self) {
        if let Some(connection) = self.open.take() {
            // It is being given up in any case.
            let _ = tokio::time::timeout(self.settings.connect_timeout, connection.close()).await;
        }
    }
}

/// Around each statement where a pooler stands between. It is prepared, then run: only in a
/// transaction both meet the same session. And its name is taken from that session again, since the
/// next one to get it may use the same; also one that was left by somebody who died.
pub(crate) const BEGIN: &str = "deallocate all; begin";
pub(crate) const COMMIT: &str = "commit; deallocate all";
pub(crate) const ROLLBACK: &str = "rollback; deallocate all";

/// Begins or ends a transaction, by the simple protocol.
pub(crate) async fn control(connection: &mut PgConnection, statement: &'static str) -> sqlx::Result<()> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    Ok(())
}

/// Longest wait for the answer to a hot statement: a little longer than the server itself allows, so
/// that only a connection that is gone without a word is given up by this.
pub(crate) const ANSWER: Duration = Duration::from_secs(12);

/// Waits for an answer no longer than `limit`. After that the connection must not be used again,
/// which [`Held::done`] sees to.
pub(crate) async fn answered<T>(
    limit: Duration,
    statement: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    tokio::time::timeout(limit, statement).await.unwrap_or_else(|_| {
        let text = format!("no answer within {limit:?}");
        Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, text)))
    })
}

/// Waits for the database no longer than `limit`.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    match tokio::time::timeout(limit, work).await {
        Ok(answer) => answer.map_err(from_sqlx),
        Err(_) => Err(Error::Unavailable(format!("no answer within {limit:?}").into())),
    }
}
