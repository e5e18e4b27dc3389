//! Keeps queries away from the task queue itself.
//!
//! A query on the queue's database could read every payload, and in a writing connection change
//! tasks behind the service's back. So each new session is asked where it has landed before a task
//! may use it. The questions need no privilege beyond logging in.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Row};
use task_domain::database_url;
use tokio::sync::OnceCell;

use crate::Error;

/// How long the queue's database may take to say where it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// The task queue's own database, asked once, when the first session is opened.
pub(crate) struct Queue {
    /// By each of its hosts.
    options: Vec<PgConnectOptions>,
    place: OnceCell<Place>,
}

/// Where a session has landed.
#[derive(Debug)]
struct Place {
    /// Same for a server and its standbys; hidden from some roles.
    system: Option<String>,
    /// Tells servers apart where `system` is hidden.
    started: String,
    database: String,
    role: String,
}

// The options hold a password.
impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Queue {
    pub(crate) fn new(urls: &[String]) -> Result<Self, Error> {
        // What is ignored in it is told by whoever works on the queue.
        let read = |url: &String| match PgConnectOptions::from_str(&database_url::heeded(url).0) {
            Ok(options) => Ok(options.disable_statement_logging()),
            Err(error) => Err(Error::Settings {
                name: "(the task queue)".into(),
                problem: format!("its address cannot be read: {error}"),
            }),
        };
        let options = urls.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { options, place: OnceCell::new() })
    }

    /// Refuses a session that could reach the queue.
    pub(crate) async fn keep_apart(&self, name: &str, session: &mut PgConnection) -> Result<(), Error> {
        let unreachable = |source| Error::Unreachable { name: name.to_owned(), source };
        let refuse = |problem: String| Err(Error::Refused { name: name.to_owned(), problem });
        if holds_a_queue(session).await.map_err(unreachable)? {
            return refuse("its database holds a task queue; name another database".into());
        }
        let Some(queue) = self.place().await? else { return Ok(()) };
        let here = Place::ask(session).await.map_err(unreachable)?;
        if !here.same_server(queue) {
            return Ok(());
        }
        if here.database == queue.database {
            return refuse("it leads to the task queue's own database; name another database".into());
        }
        if can_act_as(session, &queue.role).await.map_err(unreachable)? {
            return refuse(format!(
                "its role `{}` can act as the task queue's role `{}` on the same server; use a role of its own, no superuser",
                here.role, queue.role
            ));
        }
        Ok(())
    }

    async fn place(&self) -> Result<Option<&Place>, Error> {
        let Some(last) = self.options.last() else { return Ok(None) };
        let ask = async {
            // Any of its hosts will do: all belong to one system.
            let mut connection = None;
            for options in &self.options {
                connection = options.connect().await.ok();
                if connection.is_some() {
                    break;
                }
            }
            let mut connection = match connection {
                Some(connection) => connection,
                None => last.connect().await?,
            };
            let place = Place::ask(&mut connection).await?;
            // Nothing is lost if the goodbye fails.
            let _ = connection.close().await;
            Ok(place)
        };
        let name = || "(the task queue)".to_owned();
        self.place
            .get_or_try_init(|| async {
                match tokio::time::timeout(PATIENCE, ask).await {
                    Ok(answer) => answer.map_err(|source| Error::Unreachable { name: name(), source }),
                    Err(_) => Err(Error::Silent { name: name(), seconds: PATIENCE.as_secs() }),
                }
            })
            .await
            .map(Some)
    }
}

impl Place {
    async fn ask(session: &mut PgConnection) -> Result<Self, sqlx::Error> {
        // By the simple protocol, which works through any pooler.
        let row = sqlx::raw_sql(
            "select extract(epoch from pg_postmaster_start_time())::text, current_database()::text, session_user::text",
        )
        .fetch_one(&mut *session)
        .await?;
        // May be forbidden, and the start time will do then.
        let system = sqlx::raw_sql("select system_identifier::text from pg_control_system()");
        let system = match system.fetch_one(&mut *session).await {
            Ok(row) => Some(row.try_get(0)?),
            Err(sqlx::Error::Database(_)) => None,
            Err(error) => return Err(error),
        };
        Ok(Self { system, started: row.try_get(0)?, database: row.try_get(1)?, role: row.try_get(2)? })
    }

    fn same_server(&self, other: &Self) -> bool {
        match (&self.system, &other.system) {
            (Some(one), Some(two)) => one == two,
            _ => self.started == other.started,
        }
    }
}

/// Whether the tables of a task queue are here, in whatever schema.
async fn holds_a_queue(session: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select count(distinct relname) = 2 from pg_catalog.pg_class \
         where relname in ('task_running', 'task_history') and relkind in ('r', 'p')",
    )
    .fetch_one(session)
    .await
}

/// Whether this session's role is that role, a member of it, or a superuser.
async fn can_act_as(session: &mut PgConnection, role: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from pg_catalog.pg_roles \
         where rolname = $1 and pg_catalog.pg_has_role(session_user, oid, 'MEMBER'))",
    )
    .bind(role)
    .fetch_one(session)
    .await
}
