//! Pages of tasks, newest first, at a cost that does not grow with the number of tasks.
//!
//! Each relation is read along an index that has the page's order, from the page's start and no
//! further than its size, and the few rows that come of it are merged. What no index helps with, a
//! part of a name or a payload, is looked for in a bounded stretch of tasks; the page then says where to go on.

use task_domain::filter::Start;
use task_domain::ports::Result;
use task_domain::{Cursor, Filter, Page, PageRequest, Position, TaskId, TaskSummary};

use super::query::{Stretch, query};
use super::summaries;
use crate::Store;
use crate::error::from_sqlx;
use crate::row::SummaryRow;

/// Tasks that one page of a search looks at.
const SEARCHED: usize = 20_000;

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
            (self.stretch(filter, &Stretch { after, rows: wanted }).await?.0, None)
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
        let (mut found, mut looked_at, mut rows) = (Vec::new(), 0, wanted.max(100));
        while looked_at < SEARCHED.max(wanted) {
            let (tasks, last) = self.stretch(filter, &Stretch { after, rows }).await?;
            found.extend(tasks.into_iter().filter(|task| filter.matches_but_status(task)));
            if found.len() >= wanted {
                found.truncate(wanted);
                return Ok((found, None));
            }
            let Some(last) = last else { return Ok((found, None)) };
            after = Some(last);
            looked_at += rows;
            rows = (rows * 4).min(SEARCHED);
        }
        Ok((found, after))
    }

    /// The tasks of a stretch, with its last place if there may be more behind it.
    async fn stretch(
        &self,
        filter: &Filter,
        stretch: &Stretch,
    ) -> Result<(Vec<TaskSummary>, Option<Position>)> {
        let mut connection = self.ask().await?;
        // A filter names lanes by their parts, and new ones may have come.
        self.lanes().refresh(&mut connection).await.map_err(from_sqlx)?;
        let Some(mut question) = query(filter, self.lanes(), stretch) else { return Ok((Vec::new(), None)) };
        let rows: Vec<SummaryRow> =
            question.build_query_as().fetch_all(&mut *connection).await.map_err(from_sqlx)?;
        let last = rows
            .last()
            .filter(|_| rows.len() == stretch.rows)
            .map(|row| Position { created_at: row.created_at.to_jiff(), id: TaskId::from_store(row.id) });
        let rows = rows.into_iter().filter(|row| row.payload_matches != Some(false)).collect();
        let tasks = summaries(&mut connection, self.lanes(), rows).await.map_err(from_sqlx)?;
        Ok((tasks, last))
    }
}
