//! Pages of tasks, newest first, at a cost that does not grow with the number of tasks.
//!
//! Each relation is read along an index that has the page's order, from the page's start and no
//! further than its size, and the few rows that come of it are merged. What no index helps with, a
//! part of a name, is looked for in a bounded stretch of tasks; the page then says where to go on.

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
        let searching = filter.name_contains.is_some();
        let (after, skip) = match page.start() {
            Start::After(cursor) => (Some(cursor.0), 0),
            Start::Number(number) => (None, (number as usize - 1) * size),
        };
        // One more than the page, to know whether there is a next one.
        let wanted = skip + size + 1;
        let stretch = Stretch { after, rows: if searching { SEARCHED.max(wanted) } else { wanted } };
        let (mut rows, last) = self.stretch(filter, &stretch).await?;
        if searching {
            rows.retain(|task| filter.matches_but_status(task));
        }
        let more = rows.len() > skip + size;
        let mut tasks: Vec<_> = rows.into_iter().skip(skip).collect();
        tasks.truncate(size);
        let next = match (more, tasks.last()) {
            (true, Some(task)) => Some(Position { created_at: task.created_at, id: task.id }),
            // Nothing more in this stretch; what lies beyond it was not looked at.
            _ => last.filter(|_| searching),
        };
        Ok(Page { tasks, next: next.map(Cursor) })
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
        let tasks = summaries(&mut connection, self.lanes(), rows).await.map_err(from_sqlx)?;
        Ok((tasks, last))
    }
}
