//! Brings tasks into line when their time has come.

use std::time::Duration;

use task_domain::ports::Result;

use crate::connection::{ANSWER, Held, answered};
use crate::notify::Notifier;

/// Most tasks moved in one statement.
const BATCH: i64 = 1_000;

/// Moves tasks that are due, on a connection of its own. Any worker does it for all.
pub struct Promoter {
    connection: Held,
    notifier: Notifier,
}

/// What a look for due tasks came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promoted {
    /// Tasks that were moved into line.
    pub moved: u64,
    /// Time until the next one is due, if any waits.
    pub next_in: Option<Duration>,
}

impl Promoter {
    pub(crate) fn new(connection: Held, notifier: Notifier) -> Self {
        Self { connection, notifier }
    }

    /// Moves all tasks that are due into line, and says when the next one will be.
    ///
    /// # Errors
    /// As the database says.
    pub async fn promote(&mut self) -> Result<Promoted> {
        let mut moved = 0;
        loop {
            let mut connection = self.connection.take().await?;
            let statement = sqlx::query_as(include_str!("../queries/claim/promote.sql")).bind(BATCH);
            let answer = answered(ANSWER, statement.fetch_one(&mut connection)).await;
            let (batch, next): (i64, Option<f64>) = self.connection.done(connection, answer).await?;
            moved += batch.unsigned_abs();
            if batch < BATCH {
                if moved > 0 {
                    self.notifier.ready();
                }
                let next_in = next.map(|s| Duration::try_from_secs_f64(s).unwrap_or_default());
                return Ok(Promoted { moved, next_in });
            }
        }
    }
}
