//! A status in its name and colour.

use comfy_table::{Cell, Color};
use owo_colors::{OwoColorize, Style};
use task_domain::Status;

/// The status behind a number of the wire.
pub(crate) fn read(code: i32) -> Option<Status> {
    task_proto::from_wire::status(code).ok()
}

/// Its name; a number that this program does not know is shown as it is.
pub(crate) fn name(code: i32) -> String {
    read(code).map_or_else(|| format!("STATUS {code}"), |status| status.to_string())
}

/// Its name as a coloured cell.
pub(crate) fn cell(code: i32) -> Cell {
    let cell = Cell::new(name(code));
    match read(code) {
        Some(Status::Pending) => cell.fg(Color::Blue),
        Some(Status::Running) => cell.fg(Color::Cyan),
        Some(Status::Retrying) => cell.fg(Color::Yellow),
        Some(Status::Succeeded) => cell.fg(Color::Green),
        Some(Status::Failed) => cell.fg(Color::Red),
        Some(Status::Cancelled) => cell.fg(Color::Magenta),
        None => cell,
    }
}

/// Its coloured name, padded to a width so that lines stand in columns.
pub(crate) fn word(code: i32, width: usize) -> String {
    let style = match read(code) {
        Some(Status::Pending) => Style::new().blue(),
        Some(Status::Running) => Style::new().cyan(),
        Some(Status::Retrying) => Style::new().yellow(),
        Some(Status::Succeeded) => Style::new().green(),
        Some(Status::Failed) => Style::new().red(),
        Some(Status::Cancelled) => Style::new().magenta(),
        None => Style::new(),
    };
    format!("{:<width$}", name(code)).style(style).to_string()
}
