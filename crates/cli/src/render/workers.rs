//! Workers as a table.

use comfy_table::Cell;
use jiff::Timestamp;
use task_client::v1;

use super::table::{Table, is_below, terminal};
use super::text::clean;
use super::when;

/// Columns below which types and queues stand under their worker.
const NARROW: u16 = 110;

/// A row for each worker.
pub(crate) fn show(workers: &[v1::Worker], color: bool) -> String {
    show_within(terminal(), workers, color)
}

fn show_within(terminal: Option<u16>, workers: &[v1::Worker], color: bool) -> String {
    if is_below(terminal, NARROW) { narrow(terminal, workers, color) } else { wide(terminal, workers, color) }
}

/// What fits in forty columns, with the rest below.
fn narrow(terminal: Option<u16>, workers: &[v1::Worker], color: bool) -> String {
    let now = Timestamp::now();
    let mut table = Table::within(terminal, &["ID#", "NAME", "BUSY#", "STATE", "SEEN"], color);
    for worker in workers {
        table.row(vec![
            Cell::new(worker.id),
            Cell::new(clean(&worker.name, false)),
            Cell::new(busy(worker)),
            Cell::new(state(worker)),
            Cell::new(when::relative(worker.seen_at.as_ref(), now)),
        ]);
    }
    let rest = |worker: &v1::Worker| {
        format!(
            "types: {}\nqueues: {}\nversion {}, started {}",
            types(worker),
            queues(worker),
            clean(&worker.version, false),
            when::relative(worker.started_at.as_ref(), now)
        )
    };
    table.show_above(&workers.iter().map(rest).collect::<Vec<_>>())
}

fn wide(terminal: Option<u16>, workers: &[v1::Worker], color: bool) -> String {
    let now = Timestamp::now();
    let headings = ["ID#", "NAME", "VERSION", "BUSY#", "STATE", "TYPES", "QUEUES", "STARTED", "SEEN"];
    let mut table = Table::within(terminal, &headings, color);
    for worker in workers {
        table.tall_row(vec![
            Cell::new(worker.id),
            Cell::new(clean(&worker.name, false)),
            Cell::new(clean(&worker.version, false)),
            Cell::new(busy(worker)),
            Cell::new(state(worker)),
            Cell::new(types(worker)),
            Cell::new(queues(worker)),
            Cell::new(when::relative(worker.started_at.as_ref(), now)),
            Cell::new(when::relative(worker.seen_at.as_ref(), now)),
        ]);
    }
    table.show()
}

fn busy(worker: &v1::Worker) -> String {
    format!("{}/{}", worker.busy, worker.slots)
}

fn state(worker: &v1::Worker) -> &'static str {
    if worker.draining { "draining" } else { "active" }
}

fn types(worker: &v1::Worker) -> String {
    clean(&worker.types.join(", "), false)
}

fn queues(worker: &v1::Worker) -> String {
    if worker.queues.is_empty() { "all".to_owned() } else { clean(&worker.queues.join(", "), false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_cut_into_letters_on_narrow_terminals() {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let worker = v1::Worker {
            id: 12,
            name: "host-1234".into(),
            version: "0.1.0".into(),
            types: ["run_query", "send_email"].map(Into::into).to_vec(),
            slots: 100,
            started_at: at(1_700_000_000),
            seen_at: at(1_700_000_000),
            ..Default::default()
        };
        for width in [40, 60, 80, 110, 120] {
            let shown = show_within(Some(width), std::slice::from_ref(&worker), false);
            for word in ["host-12", "0/100", "active", "run_query", "send_email", "0.1.0", "all"] {
                assert!(shown.contains(word), "{width}: {word}\n{shown}");
            }
            let longest = shown.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(width.into()), "{width}: {longest:?}\n{shown}");
        }
    }
}
