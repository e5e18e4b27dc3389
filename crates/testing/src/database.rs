//! A database for one test.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool};
use tokio::time::timeout;

use crate::server::{Server, chain, shared};
use crate::template;

/// Most connections of [`Database::pool`].
const POOL_SIZE: u32 = 10;

/// How long dropping the database may take; a leftover goes away with its server.
const DROP_TIME: Duration = Duration::from_secs(10);

/// A fresh database, removed when dropped, whoever is still connected to it.
#[derive(Debug)]
pub struct Database {
    server: Server,
    name: String,
    pool: PgPool,
}

impl Database {
    /// A database with all migrations applied, on the server that tests share.
    ///
    /// # Panics
    /// If there is no Postgres, or it refuses. Outside a tokio runtime.
    pub async fn new() -> Self {
        Self::migrated_on(shared().await).await
    }

    /// A database without tables, on the server that tests share.
    ///
    /// # Panics
    /// As [`Database::new`].
    pub async fn empty() -> Self {
        Self::empty_on(shared().await).await
    }

    pub(crate) async fn migrated_on(server: Server) -> Self {
        let template = template::ensure(&server).await;
        let template =
            template.unwrap_or_else(|error| panic!("cannot migrate a test database: {}", chain(&error)));
        Self::copy(server, &template).await
    }

    pub(crate) async fn empty_on(server: Server) -> Self {
        Self::copy(server, "template0").await
    }

    async fn copy(server: Server, template: &str) -> Self {
        let name = fresh_name();
        let made = async {
            let mut admin = PgConnection::connect(&server.url("postgres")).await?;
            let create = format!("create database {name} template {template}");
            sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut admin).await?;
            let options: PgConnectOptions = server.url(&name).parse()?;
            admin.close().await?;
            // A statement may fail on purpose: tests say what they saw themselves.
            Ok::<_, sqlx::Error>(options.disable_statement_logging())
        };
        let options =
            made.await.unwrap_or_else(|error| panic!("cannot make a test database: {}", chain(&error)));
        let pool = PgPoolOptions::new().max_connections(POOL_SIZE).connect_lazy_with(options);
        Self { server, name, pool }
    }

    /// Its address, for the code under test and for processes.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// At most ten connections to it, made when needed and shared by all clones.
    pub fn pool(&self) -> PgPool {
        self.pool.clone()
    }

    /// A connection of its own.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn connect(&self) -> PgConnection {
        let connected = PgConnection::connect(&self.url()).await;
        connected.unwrap_or_else(|error| panic!("cannot connect to {}: {}", self.name, chain(&error)))
    }
}

impl Drop for Database {
    /// Removes the database, also while a panic unwinds. Best effort: its server may be down.
    fn drop(&mut self) {
        let (admin, name) = (self.server.url("postgres"), self.name.clone());
        // On a thread of its own, since the runtime of the test must not be blocked on by itself.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let work = timeout(DROP_TIME, remove(&admin, &name));
                work.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
            })
        });
        // A failed test must show its own panic, not one from here.
        let _ = dropped.join();
    }
}

async fn remove(admin: &str, name: &str) -> sqlx::Result<()> {
    let mut admin = PgConnection::connect(admin).await?;
    let drop = format!("drop database if exists {name} with (force)");
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut admin).await?;
    admin.close().await
}

/// A name that no other test of any process has.
fn fresh_name() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{SystemTime, UNIX_EPOCH};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // The time as well, since a process id comes back on a server that lives longer than one run.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("test_{}_{:x}_{number}", std::process::id(), now)
}
