//! The Postgres under the service: one server of this run's own, with everything that matters for
//! durability at its default.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};
use task_embedded::{Running, Settings, Shutdown};

use crate::scene;

/// The database of the service.
pub(crate) const DATABASE: &str = "tasks";

/// A Postgres that may be killed and started again.
#[derive(Debug)]
pub(crate) struct Postgres {
    running: Running,
}

impl Postgres {
    /// Starts one with its data in a folder that is made.
    pub(crate) async fn start(dir: &Path, connections: u32, parameters: &[(&str, &str)]) -> Result<Self> {
        let running = task_embedded::start(settings(dir, connections, parameters)).await?;
        running.create_database_if_missing(DATABASE).await?;
        Ok(Self { running })
    }

    /// Starts a standby of this one, on a port.
    pub(crate) async fn standby(&self, dir: &Path, port: u16, plan: &scene::Plan) -> Result<Self> {
        let settings = settings(dir, plan.connections, &plan.parameters).port(port);
        Ok(Self { running: self.running.start_standby(settings).await? })
    }

    /// Makes a standby the primary; returns when it takes writes.
    pub(crate) async fn promote(&self) -> Result<()> {
        Ok(self.running.promote().await?)
    }

    /// The role and password of [`Self::url`].
    pub(crate) fn login(&self) -> Result<(String, String)> {
        let url = self.url();
        let login = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')?.0.split_once(':'));
        let (role, password) = login.context("an address with a role and its password")?;
        Ok((role.to_owned(), password.to_owned()))
    }

    /// The service's database, reached directly.
    pub(crate) fn url(&self) -> String {
        self.running.url(DATABASE)
    }

    /// The same by way of another port.
    pub(crate) fn url_by(&self, port: u16) -> String {
        self.url().replacen(&format!(":{}/", self.running.port()), &format!(":{port}/"), 1)
    }

    /// The service's database, for another role.
    pub(crate) fn url_as(&self, role: &str, password: &str) -> String {
        self.running.url_as(role, password, DATABASE)
    }

    pub(crate) fn port(&self) -> u16 {
        self.running.port()
    }

    /// Ends all its processes with SIGKILL.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        Ok(self.running.kill_hard().await?)
    }

    /// Starts it again; returns when it accepts connections.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        Ok(self.running.restart().await?)
    }

    /// Stops it in good order.
    pub(crate) async fn stop(self) -> Result<()> {
        Ok(self.running.stop(Shutdown::Fast).await?)
    }

    /// Puts a killed one away with all its data.
    pub(crate) async fn remove(self) -> Result<()> {
        let dir = self.running.data_dir().to_owned();
        drop(self);
        Ok(tokio::fs::remove_dir_all(&dir).await?)
    }

    /// A connection of the harness, by the name `chaos`, so that it can be told from the service's.
    pub(crate) async fn connect(&self) -> Result<PgConnection> {
        self.connect_to(&self.url()).await
    }

    /// The same by another address.
    pub(crate) async fn connect_to(&self, url: &str) -> Result<PgConnection> {
        PgConnection::connect_with(&options(url)?).await.context("cannot connect to the run's Postgres")
    }

    /// Connections of the harness, made when they are needed.
    pub(crate) fn pool(&self) -> Result<PgPool> {
        let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(20));
        Ok(pool.connect_lazy_with(options(&self.url())?))
    }
}

fn settings(dir: &Path, connections: u32, parameters: &[(&str, &str)]) -> Settings {
    let settings = Settings::kept(dir)
        .max_connections(connections)
        .parameter("max_wal_size", "1GB")
        // Kept with the data, so that a killed server leaves nothing behind.
        .parameter("dynamic_shared_memory_type", "mmap");
    parameters.iter().fold(settings, |settings, (name, value)| settings.parameter(*name, *value))
}

fn options(url: &str) -> Result<PgConnectOptions> {
    let options: PgConnectOptions = url.parse()?;
    Ok(options.application_name("chaos").disable_statement_logging())
}
