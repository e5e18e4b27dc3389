//! A task's changes as a table.

use comfy_table::Cell;
use task_client::v1;

use super::table::Table;
use super::text::clean;
use super::{status, when};

/// A row for each change, with the time since the one before.
pub(crate) fn show(entries: &[v1::HistoryEntry], color: bool) -> String {
    let mut table =
        Table::new(&["VERSION#", "TIME", "AFTER#", "STATUS", "ATTEMPT#", "WORKER", "DETAILS"], color);
    let mut before = None;
    for entry in entries {
        let at = when::timestamp(entry.at.as_ref());
        let after = before.zip(at).and_then(|(b, a)| std::time::Duration::try_from(a.duration_since(b)).ok());
        before = at;
        table.tall_row(vec![
            Cell::new(entry.version),
            Cell::new(when::full(entry.at.as_ref())),
            Cell::new(after.map(|span| format!("+{}", when::duration(span))).unwrap_or_default()),
            status::cell(entry.status),
            Cell::new(entry.attempt),
            Cell::new(clean(&entry.worker_name, false)),
            Cell::new(details(entry)),
        ]);
    }
    table.show()
}

/// What a change says of itself.
fn details(entry: &v1::HistoryEntry) -> String {
    let mut parts = Vec::new();
    if let Some(text) = Some(clean(&entry.details, true)).filter(|t| !t.is_empty()) {
        parts.push(text);
    }
    if entry.run_at.is_some() {
        parts.push(format!("starts at {}", when::full(entry.run_at.as_ref())));
    }
    if !entry.result.is_empty() {
        parts.push(format!("result: {}", super::text::short(&entry.result, 200)));
    }
    parts.join("\n")
}
