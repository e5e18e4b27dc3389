//! A connection that one loop holds for itself.

use std::future::Future;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use task_domain::ports::{Error, Result};

use crate::error::{from_sqlx, leaves_connection_good};

/// A connection that is opened when it is needed and dropped when it may be bad.
pub(crate) struct Held {
    options: PgConnectOptions,
    connect_timeout: Duration,
    open: Option<PgConnection>,
    /// Run on every new connection.
    on_open: Option<&'static str>,
}

impl Held {
    pub(crate) fn new(options: PgConnectOptions, connect_timeout: Duration) -> Self {
        Self { options, connect_timeout, open: None, on_open: None }
    }

    /// Runs `statement` on every new connection.
    pub(crate) fn on_open(mut self, statement: &'static str) -> Self {
        self.on_open = Some(statement);
        self
    }

    /// Takes the connection out, opening it if need be.
    ///
    /// # Cancel safety
    /// Whoever is dropped with it in hand drops it too: an answer that was not read would be taken
    /// for the next statement's.
    pub(crate) async fn take(&mut self) -> Result<PgConnection> {
        match self.open.take() {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        }
    }

    /// Puts it back after a statement, unless the answer says that it may be bad.
    pub(crate) fn done<T>(&mut self, connection: PgConnection, answer: sqlx::Result<T>) -> Result<T> {
        if answer.as_ref().err().is_none_or(leaves_connection_good) {
            self.open = Some(connection);
        }
        answer.map_err(from_sqlx)
    }

    async fn connect(&self) -> Result<PgConnection> {
        let opening = async {
            let mut connection = self.options.connect().await?;
            if let Some(statement) = self.on_open {
                sqlx::query(statement).execute(&mut connection).await?;
            }
            Ok(connection)
        };
        within(self.connect_timeout, opening).await
    }

    /// Closes it in good order.
    pub(crate) async fn close(&mut self) {
        if let Some(connection) = self.open.take() {
            // It is being given up in any case.
            let _ = tokio::time::timeout(self.connect_timeout, connection.close()).await;
        }
    }
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
