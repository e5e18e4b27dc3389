//! What operators do: cancel, and retry by hand.

use task_domain::ports::{Error, Operate, Read, Result};
use task_domain::{TaskId, TaskSummary};

use crate::Store;
use crate::error::from_sqlx;

/// How often a cancel looks again for a task that moves while it looks.
const LOOKS: usize = 20;

impl Operate for Store {
    async fn cancel(&self, id: TaskId, reason: Option<&str>) -> Result<TaskSummary> {
        for _ in 0..LOOKS {
            let cancelled = self.cancel_all(&[id], reason).await?;
            let task = self.summary(id).await?;
            if !cancelled.is_empty() {
                return Ok(task);
            }
            if task.status.is_terminal() {
                let hint = "only a task that has not ended can be cancelled";
                return Err(Error::Refused { id, status: task.status, hint });
            }
            // It moved from one relation to another while the statement ran: look again.
        }
        Err(Error::Unavailable("the task changed too quickly to be cancelled".into()))
    }

    async fn retry(&self, id: TaskId, reason: Option<&str>) -> Result<TaskSummary> {
        let retried = self.retry_all(&[id], reason).await?;
        let task = self.summary(id).await?;
        if retried.is_empty() {
            let hint = "only a task that has ended can be retried by hand";
            return Err(Error::Refused { id, status: task.status, hint });
        }
        Ok(task)
    }

    async fn cancel_all(&self, ids: &[TaskId], reason: Option<&str>) -> Result<Vec<TaskId>> {
        let mut connection = self.ask().await?;
        let (cancelled, any_ran): (Vec<i64>, bool) =
            sqlx::query_as(include_str!("../queries/operate/cancel.sql"))
                .bind(numbers(ids))
                .bind(reason.unwrap_or("cancelled by an operator"))
                .fetch_one(&mut *connection)
                .await
                .map_err(from_sqlx)?;
        connection.keep().await.map_err(from_sqlx)?;
        if !cancelled.is_empty() {
            self.notifier().changed();
        }
        if any_ran {
            self.notifier().cancelled();
        }
        Ok(cancelled.into_iter().map(TaskId::from_store).collect())
    }

    async fn retry_all(&self, ids: &[TaskId], reason: Option<&str>) -> Result<Vec<TaskId>> {
        let mut connection = self.ask().await?;
        let retried: Vec<i64> = sqlx::query_scalar(include_str!("../queries/operate/retry.sql"))
            .bind(numbers(ids))
            .bind(reason.unwrap_or("retried by an operator"))
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        connection.keep().await.map_err(from_sqlx)?;
        if !retried.is_empty() {
            self.notifier().ready();
            self.notifier().changed();
        }
        Ok(retried.into_iter().map(TaskId::from_store).collect())
    }
}

fn numbers(ids: &[TaskId]) -> Vec<i64> {
    ids.iter().map(|id| id.get()).collect()
}

impl Store {
    async fn summary(&self, id: TaskId) -> Result<TaskSummary> {
        self.summaries(&[id]).await?.pop().ok_or(Error::NotFound(id))
    }
}
