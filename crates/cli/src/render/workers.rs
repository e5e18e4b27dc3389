//! Workers as a table.

use comfy_table::Cell;
use jiff::Timestamp;
use task_client::v1;

use super::table::Table;
use super::text::clean;
use super::when;

/// A row for each worker.
pub(crate) fn show(workers: &[v1::Worker], color: bool) -> String {
    let now = Timestamp::now();
    let headings = ["ID#", "NAME", "VERSION", "BUSY#", "STATE", "TYPES", "QUEUES", "STARTED", "SEEN"];
    let mut table = Table::new(&headings, color);
    for worker in workers {
        let queues = if worker.queues.is_empty() { "all".to_owned() } else { worker.queues.join(", ") };
        table.tall_row(vec![
            Cell::new(worker.id),
            Cell::new(clean(&worker.name, false)),
            Cell::new(clean(&worker.version, false)),
            Cell::new(format!("{}/{}", worker.busy, worker.slots)),
            Cell::new(if worker.draining { "draining" } else { "active" }),
            Cell::new(clean(&worker.types.join(", "), false)),
            Cell::new(clean(&queues, false)),
            Cell::new(when::relative(worker.started_at.as_ref(), now)),
            Cell::new(when::relative(worker.seen_at.as_ref(), now)),
        ]);
    }
    table.show()
}
