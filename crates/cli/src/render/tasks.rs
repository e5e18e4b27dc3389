//! Tasks as a table.

use comfy_table::Cell;
use jiff::Timestamp;
use task_client::v1;

use super::table::{Table, is_below, terminal};
use super::task::tries;
use super::text::clean;
use super::{status, when};

/// Columns below which creation, priority and queue are left out.
const NARROW: u16 = 100;
/// Columns below which type and last change are left out too.
const TINY: u16 = 60;

/// A row for each task.
pub(crate) fn show(tasks: &[v1::TaskSummary], color: bool) -> String {
    show_within(terminal(), tasks, color)
}

fn show_within(terminal: Option<u16>, tasks: &[v1::TaskSummary], color: bool) -> String {
    let now = Timestamp::now();
    let (wide, tiny) = (!is_below(terminal, NARROW), is_below(terminal, TINY));
    let mut headings = vec!["ID#", "NAME"];
    if !tiny {
        headings.push("TYPE");
    }
    headings.extend(["STATUS", "TRY#"]);
    if !tiny {
        headings.push("UPDATED");
    }
    if wide {
        headings.extend(["CREATED", "PRIORITY#", "QUEUE"]);
    }
    let mut table = Table::within(terminal, &headings, color);
    for task in tasks {
        let updated = match when::timestamp(task.run_at.as_ref()) {
            // What waits for its time is better told by that time.
            Some(at) if at > now => format!("starts {}", when::relative(task.run_at.as_ref(), now)),
            _ => when::relative(task.updated_at.as_ref(), now),
        };
        let mut cells = vec![Cell::new(task.id), Cell::new(clean(&task.name, false))];
        if !tiny {
            cells.push(Cell::new(clean(&task.r#type, false)));
        }
        cells.push(status::cell(task.status));
        cells.push(Cell::new(tries(task.attempt, task.retries)));
        if !tiny {
            cells.push(Cell::new(updated));
        }
        if wide {
            cells.push(Cell::new(when::relative(task.created_at.as_ref(), now)));
            cells.push(Cell::new(task.priority));
            cells.push(Cell::new(clean(&task.queue, false)));
        }
        table.row(cells);
    }
    table.show()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line_on_narrow_terminals() {
        let task = v1::TaskSummary {
            id: 12_345,
            name: "Send the newsletter of this week to everybody".into(),
            r#type: "send_email".into(),
            status: v1::Status::Succeeded.into(),
            attempt: 1,
            retries: 3,
            ..Default::default()
        };
        for width in [40, 60, 80, 120] {
            let shown = show_within(Some(width), std::slice::from_ref(&task), false);
            let lines: Vec<_> = shown.lines().collect();
            assert_eq!(lines.len(), 2, "{width}:\n{shown}");
            assert!(lines.iter().all(|line| line.chars().count() <= width.into()), "{width}:\n{shown}");
            assert!(lines[1].contains("Send") && lines[1].contains("SUCCEEDED"), "{width}:\n{shown}");
        }
    }

    #[test]
    fn rows_are_aligned_and_plain_without_colour() {
        let task = |id, name: &str| v1::TaskSummary {
            id,
            name: name.into(),
            r#type: "simulate".into(),
            status: v1::Status::Running.into(),
            attempt: 1,
            retries: 3,
            queue: "default".into(),
            ..Default::default()
        };
        let shown = show(&[task(7, "a"), task(123, "Weekly ☕")], false);
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 3, "{shown}");
        assert!(!shown.contains('\u{1b}'));
        assert_eq!(lines[1].find("simulate"), lines[0].find("TYPE"), "{shown}");
        assert!(lines[1].contains("1/4"), "{shown}");
        assert!(show(&[task(7, "a")], true).contains('\u{1b}'));
    }
}
