//! Pages of tasks, newest first, at a cost that does not grow with the number of tasks.
//!
//! Each relation is read along an index that has the page's order, from the page's start and no
//! further than its size, and the few rows that come of it are merged. What no index helps with, a
//! part of a name or a payload, is looked for in a bounded stretch of tasks, of which only the texts are
//! read; the page then says where to go on.

use std::cmp::Reverse;

use jiff_sqlx::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Postgres, QueryBuilder};
use task_domain::filter::Start;
use task_domain::ports::{Read, Result};
use task_domain::{Cursor, Filter, Page, PageRequest, Position, TaskId, TaskSummary};

use super::query::{self, Stretch};
use super::summaries;
use crate::Store;
use crate::error::from_sqlx;
use crate::lane::Lanes;
use crate::pool::Asked;

/// Tasks that one page of a search looks at, at most.
const SEARCHED: usize = 10_000;

impl Store {
    pub(super) async fn page(&self, filter: &Filter, page: PageRequest) -> Result<Page> {
        let size = page.size() as usize;
        let (after, skip) = match page.start() {
            Start::After(cursor) => (Some(cursor.0), 0),
            Start::Number(number) => (None, (number as usize - 1) * size),
        };
        // One more than the page, to know whether there is a next one.
        let wanted = skip + size + 1;
        let (mut tasks, beyond) = if filter.is_indexed() {
            (self.stretch(filter, &Stretch { after, rows: wanted }).await?, None)
        } else {
            self.search(filter, after, wanted).await?
        };
        let more = tasks.len() == wanted;
        tasks.drain(..skip.min(tasks.len()));
        tasks.truncate(size);
        let next = match (more, tasks.last()) {
            (true, Some(task)) => Some(Position { created_at: task.created_at, id: task.id }),
            _ => beyond,
        };
        Ok(Page { tasks, next: next.map(Cursor) })
    }

    /// Looks for tasks by a part of their name or payload, in stretches that grow, until there are `wanted` or [`SEARCHED`]
    /// were looked at; then also says where to go on.
    async fn search(
        &self,
        filter: &Filter,
        mut after: Option<Position>,
        wanted: usize,
    ) -> Result<(Vec<TaskSummary>, Option<Position>)> {
        let most = SEARCHED.max(wanted);
        let (mut found, mut looked_at, mut rows) = (Vec::new(), 0, wanted.max(100));
        while looked_at < most {
            let (matching, last) = self.look(filter, &Stretch { after, rows }).await?;
            self.gather(&mut found, filter, &matching, wanted).await?;
            if found.len() >= wanted {
                return Ok((found, None));
            }
            let Some(last) = last else { return Ok((found, None)) };
            after = Some(last);
            looked_at += rows;
            rows = (rows * 4).min(most - looked_at);
        }
        Ok((found, after))
    }

    /// The tasks of a stretch that have the texts, and its last place if there may be more behind it. No more
    /// is read of them, as few or none have.
    async fn look(&self, filter: &Filter, stretch: &Stretch) -> Result<(Vec<TaskId>, Option<Position>)> {
        let (rows, _) = self.rows::<(Timestamp, i64, String, bool)>(filter, stretch, query::texts).await?;
        let last = rows.last().filter(|_| rows.len() == stretch.rows).map(|(created_at, id, ..)| Position {
            created_at: created_at.to_jiff(),
            id: TaskId::from_store(*id),
        });
        let matching =
            rows.into_iter().filter(|(_, _, name, in_payload)| *in_payload && filter.matches_name(name));
        Ok((matching.map(|(_, id, ..)| TaskId::from_store(id)).collect(), last))
    }

    /// Adds these tasks to what was found, in their order, until there are `wanted`. One that changed since it was
    /// looked at may be no longer meant.
    async fn gather(
        &self,
        found: &mut Vec<TaskSummary>,
        filter: &Filter,
        matching: &[TaskId],
        wanted: usize,
    ) -> Result<()> {
        for part in matching.chunks(wanted) {
            if found.len() >= wanted {
                break;
            }
            let mut tasks = self.summaries(part).await?;
            tasks.sort_unstable_by_key(|task| Reverse((task.created_at, task.id)));
            found.extend(tasks.into_iter().filter(|task| filter.matches(task)));
        }
        found.truncate(wanted);
        Ok(())
    }

    /// The tasks of a stretch.
    async fn stretch(&self, filter: &Filter, stretch: &Stretch) -> Result<Vec<TaskSummary>> {
        let (rows, mut connection) = self.rows(filter, stretch, query::summaries).await?;
        summaries(&mut connection, self.lanes(), rows).await.map_err(from_sqlx)
    }

    /// What a statement of [`query`] finds, and the connection that it used.
    async fn rows<R>(
        &self,
        filter: &Filter,
        stretch: &Stretch,
        statement: fn(&Filter, &Lanes, &Stretch) -> Option<QueryBuilder<Postgres>>,
    ) -> Result<(Vec<R>, Asked)>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut connection = self.ask().await?;
        // A filter names lanes by their parts, and new ones may have come.
        self.lanes().refresh(&mut connection).await.map_err(from_sqlx)?;
        let rows = match statement(filter, self.lanes(), stretch) {
            Some(mut sql) => sql.build_query_as().fetch_all(&mut *connection).await.map_err(from_sqlx)?,
            None => Vec::new(),
        };
        Ok((rows, connection))
    }
}
