//! Tables without lines, as wide as the terminal allows.

use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, TableStyle};

/// Columns below which a table leaves out what is least needed.
const NARROW: u16 = 100;

/// Whether a terminal of few columns shows what is printed.
pub(crate) fn is_narrow() -> bool {
    comfy_table::Table::new().width().is_some_and(|width| width < NARROW)
}

/// A table under construction.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// A table with these headings. Those in capitals that end in `#` are numbers, to the right.
    pub(crate) fn new(headings: &[&str], color: bool) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_truncation_indicator("…");
        if color {
            table.enforce_styling();
        }
        table.set_header(
            headings.iter().map(|h| Cell::new(h.trim_end_matches('#')).add_attribute(Attribute::Bold)),
        );
        for (column, heading) in table.column_iter_mut().zip(headings) {
            column.set_padding((0, 2));
            if heading.ends_with('#') {
                column.set_cell_alignment(CellAlignment::Right);
            }
            // Ids, statuses and times are of no use when they are wrapped; texts give way.
            if !matches!(*heading, "NAME" | "DETAILS" | "TYPES" | "QUEUES" | "TYPE" | "QUEUE" | "WORKER") {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        Self(table)
    }

    /// Adds a row of one line; what does not fit is cut.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        let mut row = Row::from(cells);
        row.max_height(1);
        self.0.add_row(row);
    }

    /// Adds a row of as many lines as its texts need.
    pub(crate) fn tall_row(&mut self, cells: Vec<Cell>) {
        self.0.add_row(cells);
    }

    /// The lines, without blanks at their ends.
    pub(crate) fn show(&self) -> String {
        self.0.trim_fmt()
    }
}
