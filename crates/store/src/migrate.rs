//! Brings the database's tables to the state this program needs.

mod progress;

use std::time::Duration;

use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnection;
use task_domain::ports::{Error, Result};

use crate::Settings;
use crate::connection::Held;
use crate::error::from_sqlx;
use crate::settings::Purpose;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Names the lock that keeps two processes from migrating at once. Any constant will do.
const LOCK: i64 = 0x7461_736b_5f6d_6967;
const LOCK_POLL: Duration = Duration::from_millis(200);
/// So many looks at that lock, five seconds, before it is told that another process has it.
const LOCK_TOLD: u32 = 25;

/// How the database's tables compare with what this program needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// They are as needed.
    Current,
    /// These steps are missing, oldest first.
    Behind(Vec<String>),
    /// A newer program has been here: this one must not touch them.
    Ahead {
        /// The newest step in the database.
        database: i64,
        /// The newest step this program knows.
        known: i64,
    },
}

/// Compares the database's tables with what this program needs.
///
/// # Errors
/// When the database cannot be asked.
pub async fn status(settings: &Settings) -> Result<Status> {
    let mut held = Held::new(settings, Purpose::Migrate);
    let mut connection = held.take().await?;
    let found = read_status(&mut connection).await;
    let found = held.done(connection, found).await;
    held.close().await;
    found
}

/// Checks that the database's tables are what this program needs.
///
/// # Errors
/// [`Error::Unavailable`] while steps are missing, which somebody may be about to run;
/// [`Error::Internal`] when a newer program has been here; otherwise as the database says.
pub async fn check(settings: &Settings) -> Result<()> {
    match status(settings).await? {
        Status::Current => Ok(()),
        Status::Behind(steps) => Err(behind(&steps)),
        Status::Ahead { database, known } => Err(ahead(database, known)),
    }
}

/// The error of a program that needs steps which nobody has run yet.
pub(crate) fn behind(steps: &[String]) -> Error {
    let steps = steps.join(", ");
    Error::Unavailable(format!("migrations are missing: {steps}; run `task-server migrate`").into())
}

/// Runs the steps that are missing, and returns their names. Safe when several processes start at
/// once: the others wait and then find nothing to do.
///
/// # Errors
/// [`Error::Internal`] when a newer program has been here or a released step was changed; otherwise
/// as the database says.
pub async fn run(settings: &Settings) -> Result<Vec<String>> {
    if settings.pooled {
        // The lock below belongs to a session, which a pooler does not keep.
        return match status(settings).await? {
            Status::Current => Ok(Vec::new()),
            Status::Ahead { database, known } => Err(ahead(database, known)),
            Status::Behind(steps) => Err(Error::Internal(
                format!(
                    "migrations are missing: {}; they cannot go through a pooler: run `task-server migrate` \
                     with the address of Postgres itself",
                    steps.join(", ")
                )
                .into(),
            )),
        };
    }
    let mut connection = settings.connect(Purpose::Migrate).await?;
    let done = run_locked(settings, &mut connection).await;
    let _ = connection.close().await;
    done
}

async fn run_locked(settings: &Settings, connection: &mut PgConnection) -> Result<Vec<String>> {
    let session = lock(connection).await.map_err(from_sqlx)?;
    match read_status(connection).await.map_err(from_sqlx)? {
        Status::Current => Ok(Vec::new()),
        Status::Ahead { database, known } => Err(ahead(database, known)),
        Status::Behind(steps) => {
            let migrator =
                Migrator { migrations: MIGRATIONS.migrations.clone(), locking: false, ..Migrator::DEFAULT };
            let migration = migrator.run_direct(None, connection, false);
            progress::told(settings, session, migration).await.map_err(from_migrate)?;
            Ok(steps)
        }
    }
}

/// Waits until no other process migrates this database; the session's number.
async fn lock(connection: &mut PgConnection) -> sqlx::Result<i32> {
    let mut looks = 0;
    // Polled: a waiting `pg_advisory_lock` would hold a snapshot, which an index that is built
    // concurrently waits for.
    loop {
        let (got, session) = sqlx::query_as("select pg_try_advisory_lock($1), pg_backend_pid()")
            .bind(LOCK)
            .fetch_one(&mut *connection)
            .await?;
        if got {
            return Ok(session);
        }
        looks += 1;
        if looks == LOCK_TOLD {
            tracing::info!("another process migrates this database; waiting until it has done so");
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
}

/// The error that a program gets which is older than the database.
pub fn ahead(database: i64, known: i64) -> Error {
    let text = format!(
        "the database is at migration {database}, this program knows them up to {known}: \
         start the newer version of this program"
    );
    Error::Internal(text.into())
}

fn from_migrate(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => from_sqlx(error),
        other => Error::Internal(other.into()),
    }
}

pub(crate) async fn read_status(connection: &mut PgConnection) -> sqlx::Result<Status> {
    let exists: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(&mut *connection)
        .await?;
    let newest: Option<i64> = if exists {
        sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
            .fetch_one(&mut *connection)
            .await?
    } else {
        None
    };
    let database = newest.unwrap_or(0);
    let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0);
    if database > known {
        return Ok(Status::Ahead { database, known });
    }
    let missing: Vec<_> = MIGRATIONS
        .iter()
        .filter(|m| m.version > database)
        .map(|m| format!("{:04} {}", m.version, m.description))
        .collect();
    Ok(if missing.is_empty() { Status::Current } else { Status::Behind(missing) })
}
