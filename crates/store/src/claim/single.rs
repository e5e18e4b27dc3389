//! Claims the one task that a hint told of, in a statement without all that a look through lanes needs.

use jiff_sqlx::ToSqlx;
use task_domain::Claimed;
use task_domain::ports::{Error, Result, Spot};

use super::Claimer;
use super::answer::of_row;
use crate::seeded::statement;

impl Claimer {
    /// Whether it can be told from here that nothing else is to be looked for. Else a look at all also learns the lanes.
    pub(super) fn is_served(&self, spot: Spot) -> bool {
        self.connection.is_open()
            && !self.lanes.are_behind()
            && self.served.iter().any(|served| served.id == spot.lane)
    }

    /// The task at a spot that [`Self::is_served`], unless it is gone. Says nothing of what else there is, so looks begin
    /// where they would have without it.
    pub(super) async fn claim_single(&mut self, spot: Spot) -> Result<Option<Claimed>> {
        let epoch = self.epochs.next();
        let query = sqlx::query(statement(include_str!("../../queries/claim/claim_single.sql")))
            .bind(self.worker.get())
            .bind(spot.lane)
            .bind(spot.at.to_sqlx())
            .bind(spot.task.get())
            .bind(epoch.get());
        let answer = self.ask(query, epoch).await.inspect_err(|_| self.marks.undone())?;
        let Some(row) = answer.first() else { return Ok(None) };
        let Some(found) = of_row(row) else { return Err(Error::LeaseRanOut) };
        self.expected = 1;
        Ok(Some(self.claimed(found, epoch)))
    }
}
