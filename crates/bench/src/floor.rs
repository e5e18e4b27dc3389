//! The floor under a pickup: two commits and one LISTEN/NOTIFY round trip in plain SQL.

use anyhow::Result;
use sqlx::PgConnection;
use sqlx::postgres::PgListener;
use tokio::time::Instant;

use crate::postgres::Postgres;

/// Connections for the floor, each in the place of one that the service has.
pub(crate) struct Floor {
    submit: PgConnection,
    notify: PgConnection,
    listen: PgListener,
    claim: PgConnection,
}

impl Floor {
    pub(crate) async fn start(postgres: &Postgres) -> Result<Self> {
        postgres
            .execute(
                "drop schema if exists floor cascade; create schema floor; \
                 create table floor.waiting (id bigint generated always as identity primary key, name text); \
                 create table floor.running (id bigint primary key)",
            )
            .await?;
        let mut listen = PgListener::connect(&postgres.url()).await?;
        listen.listen("floor").await?;
        let (submit, notify) = (postgres.connect().await?, postgres.connect().await?);
        Ok(Self { submit, notify, listen, claim: postgres.connect().await? })
    }

    /// Goes the way once; how long it took, in milliseconds.
    pub(crate) async fn once(&mut self) -> Result<f64> {
        let begun = Instant::now();
        sqlx::query("insert into floor.waiting (name) values ($1)")
            .bind("task")
            .execute(&mut self.submit)
            .await?;
        sqlx::query("select pg_notify('floor', '')").execute(&mut self.notify).await?;
        self.listen.recv().await?;
        sqlx::query(
            "with gone as (delete from floor.waiting returning id) insert into floor.running select id from gone",
        )
        .execute(&mut self.claim)
        .await?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    }
}
