//! Answers questions about tasks and workers.

mod heads;
mod list;
mod query;
mod survey;

use std::collections::BTreeMap;

use jiff_sqlx::Timestamp;
use sqlx::postgres::PgConnection;
use task_domain::ports::{Counts, Error, Read, Result};
use task_domain::{
    Filter, HistoryEntry, Kind, Page, PageRequest, Queue, Task, TaskId, TaskSummary, Version, WorkerId,
    WorkerInfo, WorkerRecord,
};

use crate::Store;
use crate::error::from_sqlx;
use crate::lane::Lanes;
use crate::row::{HistoryRow, SummaryRow, TaskRow, count, status};

pub(crate) use heads::Heads;

impl Read for Store {
    async fn get(&self, id: TaskId) -> Result<Task> {
        let mut connection = self.ask().await?;
        let row: Option<TaskRow> = sqlx::query_as(include_str!("../../queries/read/get.sql"))
            .bind(id.get())
            .fetch_optional(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let row = row.ok_or(Error::NotFound(id))?;
        know(&mut connection, self.lanes(), [row.summary.lane_id()].into_iter()).await.map_err(from_sqlx)?;
        row.task(self.lanes()).map_err(from_sqlx)
    }

    async fn summaries(&self, ids: &[TaskId]) -> Result<Vec<TaskSummary>> {
        let ids: Vec<_> = ids.iter().map(|id| id.get()).collect();
        let mut connection = self.ask().await?;
        let rows: Vec<SummaryRow> = sqlx::query_as(include_str!("../../queries/read/summaries.sql"))
            .bind(ids)
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        summaries(&mut connection, self.lanes(), rows).await.map_err(from_sqlx)
    }

    async fn list(&self, filter: &Filter, page: PageRequest) -> Result<Page> {
        self.page(filter, page).await
    }

    async fn history(&self, id: TaskId, after: Option<Version>, limit: u32) -> Result<Vec<HistoryEntry>> {
        let mut connection = self.ask().await?;
        let rows: Vec<HistoryRow> = sqlx::query_as(include_str!("../../queries/read/history.sql"))
            .bind(id.get())
            .bind(after.map_or(0, |v| v.0))
            .bind(i64::from(limit))
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let exists = !rows.is_empty()
            || sqlx::query_scalar(include_str!("../../queries/read/exists.sql"))
                .bind(id.get())
                .fetch_one(&mut *connection)
                .await
                .map_err(from_sqlx)?;
        if exists { entries(rows) } else { Err(Error::NotFound(id)) }
    }

    async fn changes_since(&self, cursors: &[(TaskId, Version)], limit: u32) -> Result<Vec<HistoryEntry>> {
        let (ids, versions): (Vec<_>, Vec<_>) =
            cursors.iter().map(|(id, version)| (id.get(), version.0)).unzip();
        let rows: Vec<HistoryRow> = sqlx::query_as(include_str!("../../queries/read/changes_since.sql"))
            .bind(ids)
            .bind(versions)
            .bind(i64::from(limit))
            .fetch_all(&mut *self.ask().await?)
            .await
            .map_err(from_sqlx)?;
        entries(rows)
    }

    async fn counts(&self, kinds: &[Kind]) -> Result<Counts> {
        let mut connection = self.ask().await?;
        let rows: Vec<(i32, i16, i64)> = sqlx::query_as(include_str!("../../queries/read/counts.sql"))
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        know(&mut connection, self.lanes(), rows.iter().map(|row| row.0)).await.map_err(from_sqlx)?;
        let mut counts = Counts::new();
        for (lane, code, n) in rows {
            let (Some(lane), Ok(status)) = (self.lanes().lane(lane), status(code)) else { continue };
            if kinds.is_empty() || kinds.contains(&lane.kind) {
                let of_kind: &mut BTreeMap<_, _> = counts.entry(lane.kind).or_default();
                *of_kind.entry(status).or_default() += n.unsigned_abs();
            }
        }
        Ok(counts)
    }

    async fn workers(&self) -> Result<Vec<WorkerRecord>> {
        let rows: Vec<WorkerRow> = sqlx::query_as(include_str!("../../queries/worker/list.sql"))
            .fetch_all(&mut *self.ask().await?)
            .await
            .map_err(from_sqlx)?;
        Ok(rows.into_iter().map(WorkerRow::record).collect())
    }
}

fn entries(rows: Vec<HistoryRow>) -> Result<Vec<HistoryEntry>> {
    rows.into_iter().map(|row| row.entry().map_err(from_sqlx)).collect()
}

/// Makes sure that these lanes are known.
async fn know(
    connection: &mut PgConnection,
    lanes: &Lanes,
    mut ids: impl Iterator<Item = i32>,
) -> sqlx::Result<()> {
    if ids.any(|id| lanes.lane(id).is_none()) {
        lanes.refresh(connection).await?;
    }
    Ok(())
}

/// Rows as summaries, with lanes read that were not known.
async fn summaries(
    connection: &mut PgConnection,
    lanes: &Lanes,
    rows: Vec<SummaryRow>,
) -> sqlx::Result<Vec<TaskSummary>> {
    know(connection, lanes, rows.iter().map(SummaryRow::lane_id)).await?;
    rows.into_iter().map(|row| row.summary(lanes)).collect()
}

#[derive(sqlx::FromRow)]
struct WorkerRow {
    id: i64,
    name: String,
    version: String,
    types: Vec<String>,
    queues: Vec<String>,
    slots: i32,
    busy: i32,
    draining: bool,
    started_at: Timestamp,
    seen_at: Timestamp,
    host: String,
    losses: i32,
}

impl WorkerRow {
    fn record(self) -> WorkerRecord {
        WorkerRecord {
            id: WorkerId::from_store(self.id),
            info: WorkerInfo {
                name: self.name,
                version: self.version,
                host: self.host,
                kinds: self.types.into_iter().map(Kind::from_store).collect(),
                queues: self.queues.into_iter().map(Queue::from_store).collect(),
                slots: count(self.slots),
            },
            busy: count(self.busy),
            started_at: self.started_at.to_jiff(),
            seen_at: self.seen_at.to_jiff(),
            draining: self.draining,
            losses: count(self.losses),
        }
    }
}
