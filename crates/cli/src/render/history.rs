//! A task's changes as a table.

use comfy_table::Cell;
use task_client::v1;

use super::table::{Table, is_below, terminal};
use super::text::clean;
use super::{status, when};

/// Columns below which details stand under their change.
const NARROW: u16 = 100;

/// A row for each change, with the time since the one before.
pub(crate) fn show(entries: &[v1::HistoryEntry], color: bool) -> String {
    show_within(terminal(), entries, color)
}

fn show_within(terminal: Option<u16>, entries: &[v1::HistoryEntry], color: bool) -> String {
    if is_below(terminal, NARROW) { narrow(terminal, entries, color) } else { wide(terminal, entries, color) }
}

/// What fits in forty columns, with the rest below.
fn narrow(terminal: Option<u16>, entries: &[v1::HistoryEntry], color: bool) -> String {
    let mut table = Table::within(terminal, &["VERSION#", "TIME", "STATUS", "TRY#"], color);
    for entry in entries {
        table.row(vec![
            Cell::new(entry.version),
            Cell::new(when::clock(entry.at.as_ref())),
            status::cell(entry.status),
            Cell::new(entry.attempt),
        ]);
    }
    let worker = |entry: &v1::HistoryEntry| match clean(&entry.worker_name, false) {
        name if name.is_empty() => name,
        name => format!("on {name}\n"),
    };
    let texts: Vec<_> = entries.iter().map(|entry| worker(entry) + &details(entry)).collect();
    table.show_above(&texts)
}

fn wide(terminal: Option<u16>, entries: &[v1::HistoryEntry], color: bool) -> String {
    let headings = ["VERSION#", "TIME", "AFTER#", "STATUS", "ATTEMPT#", "WORKER", "DETAILS"];
    let mut table = Table::within(terminal, &headings, color);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_cut_into_letters_on_narrow_terminals() {
        let entry = |version, status: v1::Status, details: &str| v1::HistoryEntry {
            task_id: 7,
            version,
            at: Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 }),
            status: status.into(),
            attempt: 1,
            worker_name: "a-worker-1".into(),
            details: details.into(),
            ..Default::default()
        };
        let entries =
            [entry(1, v1::Status::Running, ""), entry(2, v1::Status::Succeeded, "this took a while")];
        for width in [40, 60, 80, 100, 120] {
            let shown = show_within(Some(width), &entries, false);
            for word in ["a-worker-1", "SUCCEEDED", "took"] {
                assert!(shown.contains(word), "{width}:\n{shown}");
            }
            let longest = shown.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(width.into()), "{width}: {longest:?}\n{shown}");
        }
        assert!(show_within(None, &entries, false).contains("this took a while"));
    }
}
