//! What operators do: cancel, and retry by hand.

use task_domain::ports::{Error, Operate, Read, Result};
use task_domain::{TaskId, TaskSummary};

use crate::Store;
use crate::error::from_sqlx;

/// How often a cancel looks again for a task that moves while it looks.
const LOOKS: usize = 20;

impl Operate for Store {
    async fn cancel(&self, id: TaskId, reason: Option<&str>) -> Result<TaskSummary> {
        let details = reason.unwrap_or("cancelled by an operator");
        for _ in 0..LOOKS {
            let mut connection = self.ask().await?;
            let found: Option<(Option<i64>,)> = sqlx::query_as(include_str!("../queries/operate/cancel.sql"))
                .bind(id.get())
                .bind(details)
                .fetch_optional(&mut *connection)
                .await
                .map_err(from_sqlx)?;
            connection.keep().await.map_err(from_sqlx)?;
            if let Some((worker,)) = found {
                self.notifier().changed();
                if worker.is_some() {
                    self.notifier().cancelled();
                }
                return self.summary(id).await;
            }
            let task = self.summary(id).await?;
            if task.status.is_terminal() {
                let hint = "only a task that has not ended can be cancelled";
                return Err(Error::Refused { id, status: task.status, hint });
            }
            // It moved from one relation to another while the statement ran: look again.
        }
        Err(Error::Unavailable("the task changed too quickly to be cancelled".into()))
    }

    async fn retry(&self, id: TaskId, reason: Option<&str>) -> Result<TaskSummary> {
        let mut connection = self.ask().await?;
        let found: Option<(i64,)> = sqlx::query_as(include_str!("../queries/operate/retry.sql"))
            .bind(id.get())
            .bind(reason.unwrap_or("retried by an operator"))
            .fetch_optional(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        connection.keep().await.map_err(from_sqlx)?;
        let task = self.summary(id).await?;
        if found.is_none() {
            let hint = "only a task that has ended can be retried by hand";
            return Err(Error::Refused { id, status: task.status, hint });
        }
        self.notifier().ready();
        self.notifier().changed();
        Ok(task)
    }
}

impl Store {
    async fn summary(&self, id: TaskId) -> Result<TaskSummary> {
        self.summaries(&[id]).await?.pop().ok_or(Error::NotFound(id))
    }
}
