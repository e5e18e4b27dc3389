//! Lists as streams: the next page is asked for when it is needed.

use futures::stream::{self, Stream, TryStreamExt};
use task_proto::v1;

use crate::client::Client;
use crate::error::Error;

/// Tasks or changes asked for at a time.
const PAGE: u32 = 1_000;

impl Client {
    /// All tasks that meet the filter, newest first, however many: one page of them in memory.
    pub fn tasks(
        &self,
        filter: v1::TaskFilter,
    ) -> impl Stream<Item = Result<v1::TaskSummary, Error>> + use<> {
        let client = self.clone();
        let pages = stream::try_unfold(Some(String::new()), move |token| {
            let (client, filter) = (client.clone(), filter.clone());
            async move {
                let Some(page_token) = token else { return Ok(None) };
                let request = v1::ListTasksRequest {
                    filter: Some(filter),
                    page_size: PAGE,
                    page_token,
                    ..Default::default()
                };
                let page = client.list(request).await?;
                // A page may be empty and still have a next one.
                let next = Some(page.next_page_token).filter(|t| !t.is_empty());
                let tasks = stream::iter(page.tasks.into_iter().map(Ok));
                Ok::<_, Error>(Some((tasks, next)))
            }
        });
        pages.try_flatten()
    }

    /// All changes of a task after a version, oldest first.
    pub fn changes(
        &self,
        id: i64,
        after_version: i32,
    ) -> impl Stream<Item = Result<v1::HistoryEntry, Error>> + use<> {
        let client = self.clone();
        let pages = stream::try_unfold(Some(after_version), move |after| {
            let client = client.clone();
            async move {
                let Some(after_version) = after else { return Ok(None) };
                let request = v1::GetTaskHistoryRequest { task_id: id, after_version, limit: PAGE };
                let entries = client.history(request).await?.entries;
                let full = entries.len() >= PAGE as usize;
                let next = entries.last().filter(|_| full).map(|e| e.version);
                Ok::<_, Error>(Some((stream::iter(entries.into_iter().map(Ok)), next)))
            }
        });
        pages.try_flatten()
    }
}
