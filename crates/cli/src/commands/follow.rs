//! Follows tasks by id until they end.

use std::collections::BTreeMap;

use futures::StreamExt;
use task_client::{Client, WatchItem, v1};
use task_domain::Status;

use crate::exit::{Exit, Result};
use crate::out::talk;
use crate::render;

/// Says on standard error that the connection broke, and that it is there again; once each.
#[derive(Debug, Default)]
pub(super) struct Link {
    broken: bool,
}

impl Link {
    pub(super) fn connected(&mut self) {
        if std::mem::take(&mut self.broken) {
            talk("Connected again.");
        }
    }

    pub(super) fn reconnecting(&mut self, cause: &task_client::Error) {
        if !std::mem::replace(&mut self.broken, true) {
            talk(format_args!("Lost the connection ({cause}); reconnecting ..."));
        }
    }
}

/// Follows tasks to their ends, each change told to `tell`, and says how each one ended.
pub(super) async fn to_the_end(
    client: &Client,
    ids: &[i64],
    mut tell: impl FnMut(v1::TaskChange) -> Result,
) -> Result<BTreeMap<i64, Option<Status>>> {
    let mut ends: BTreeMap<i64, Option<Status>> = ids.iter().map(|&id| (id, None)).collect();
    let mut link = Link::default();
    let mut watch = client.watch_tasks(ids.iter().map(|&id| (id, 0)));
    while let Some(item) = watch.next().await {
        match item? {
            WatchItem::Connected => link.connected(),
            WatchItem::Reconnecting { cause, .. } => link.reconnecting(&cause),
            WatchItem::Change(change) => {
                if let Some(entry) = &change.entry {
                    ends.insert(entry.task_id, render::status::read(entry.status));
                }
                tell(change)?;
            }
            // A watch by ids leaves nothing out.
            WatchItem::Resync(_) => {}
        }
    }
    Ok(ends)
}

/// The exit code that tells how tasks ended.
pub(super) fn exit(ends: &BTreeMap<i64, Option<Status>>) -> Exit {
    if ends.values().all(|end| *end == Some(Status::Succeeded)) { Exit::Done } else { Exit::Failed }
}
