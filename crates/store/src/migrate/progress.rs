//! Tells what a migration is at while it takes long, since a program that waits without a word seems to hang.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::postgres::PgConnection;

use super::{Status, read_status};
use crate::Settings;
use crate::connection::Held;
use crate::settings::Purpose;

/// After how long it is told of first; each time is twice as long as the one before.
const FIRST: Duration = Duration::from_secs(1);
/// Longest time between two.
const LONGEST: Duration = Duration::from_mins(1);

/// Runs `migration`, which session `session` of the database is at, and tells meanwhile how it goes.
pub(super) async fn told<T>(settings: &Settings, session: i32, migration: impl Future<Output = T>) -> T {
    tokio::select! {
        done = migration => done,
        never = tell(settings, session) => match never {},
    }
}

async fn tell(settings: &Settings, session: i32) -> Infallible {
    let mut held = Held::new(settings, Purpose::Listen);
    let mut pause = FIRST;
    loop {
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(LONGEST);
        match look(&mut held, session).await {
            Ok(Some(at)) => tracing::info!("still migrating: {at}"),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "cannot see how the migration goes"),
        }
    }
}

async fn look(held: &mut Held, session: i32) -> task_domain::ports::Result<Option<String>> {
    let mut connection = held.take().await?;
    let answer = read(&mut connection, session).await;
    held.done(connection, answer).await
}

async fn read(connection: &mut PgConnection, session: i32) -> sqlx::Result<Option<String>> {
    let Status::Behind(steps) = read_status(connection).await? else { return Ok(None) };
    let at: Option<At> = sqlx::query_as(include_str!("../../queries/migrate/at.sql"))
        .bind(session)
        .fetch_optional(connection)
        .await?;
    Ok(at.map(|at| format!("{}, {}", steps[0], at.describe())))
}

/// Where a step is.
#[derive(sqlx::FromRow)]
struct At {
    /// For how long its statement has run.
    seconds: Option<i64>,
    /// What Postgres says of an index that is being built.
    phase: Option<String>,
    percent: Option<i64>,
    /// Sessions that have to end their transactions first.
    blockers: Vec<String>,
}

impl At {
    fn describe(&self) -> String {
        let mut parts = vec![format!("for {} s", self.seconds.unwrap_or_default())];
        if let Some(phase) = &self.phase {
            let percent = self.percent.map(|percent| format!(" ({percent} %)"));
            parts.push(format!("{phase}{}", percent.unwrap_or_default()));
        }
        if !self.blockers.is_empty() {
            parts.push(format!("waits for the end of: {}", self.blockers.join("; ")));
        }
        parts.join(", ")
    }
}
