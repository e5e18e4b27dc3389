//! The Postgres that everything is measured on: one server, on disk, with fsync on.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use task_embedded::{Running, Settings, Shutdown};

/// One database of a server that is this run's own.
pub(crate) struct Postgres {
    server: Arc<Server>,
    database: &'static str,
}

struct Server {
    running: Running,
    /// Removed when dropped.
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    /// Its folder goes next: it must not go on writing down what it has in memory.
    fn drop(&mut self) {
        if self.running.is_running() {
            let _ = kill(Pid::from_raw(self.running.pid()), Signal::SIGQUIT);
        }
    }
}

impl Postgres {
    /// Starts it. Everything that matters for durability stays at its default; memory and WAL are
    /// set as one would for a small server, the same for all that is measured.
    pub(crate) async fn start() -> Result<Self> {
        // Under /var/tmp: /tmp may be kept in memory, where fsync costs nothing.
        let folder = tempfile::Builder::new().prefix("task-bench-").tempdir_in("/var/tmp")?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode)?;
        let mut settings = Settings::kept(folder.path().join("data"))
            .max_connections(400)
            .parameter("max_wal_size", "4GB")
            .parameter("min_wal_size", "4GB")
            .parameter("checkpoint_timeout", "5min")
            .parameter("wal_compression", "off");
        settings.shared_buffers_mib = 1_024;
        let running = task_embedded::start(settings).await?;
        let postgres = Self { server: Arc::new(Server { running, _folder: folder }), database: "postgres" };
        postgres.execute(include_str!("postgres/wal.sql")).await?;
        postgres.beside("bench").await
    }

    /// Another database of the same server.
    pub(crate) async fn beside(&self, database: &'static str) -> Result<Self> {
        self.server.running.create_database_if_missing(database).await?;
        Ok(Self { server: Arc::clone(&self.server), database })
    }

    pub(crate) fn url(&self) -> String {
        self.server.running.url(self.database)
    }

    /// A program of the same installation, such as pgbench.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.server.running.binaries().dir().join(name)
    }

    pub(crate) async fn connect(&self) -> Result<PgConnection> {
        PgConnection::connect(&self.url()).await.context("cannot connect to the bench's own Postgres")
    }

    pub(crate) async fn execute(&self, statements: &str) -> Result<()> {
        let mut connection = self.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// An empty service database, migrated.
    pub(crate) async fn fresh(&self) -> Result<()> {
        self.execute("drop schema public cascade; create schema public").await?;
        task_store::migrate::run(&self.settings()?).await?;
        // What the run before left to write must not fall into this one.
        self.execute("checkpoint").await
    }

    pub(crate) fn settings(&self) -> Result<task_store::Settings> {
        Ok(task_store::Settings::new(&self.url())?)
    }

    /// Stops the server. Only the last of its databases may ask for it.
    pub(crate) async fn stop(self) -> Result<()> {
        let mut server = Arc::into_inner(self.server).context("another database is still in use")?;
        Ok(server.running.shut_down(Shutdown::Immediate).await?)
    }
}
