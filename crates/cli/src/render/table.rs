//! Tables without lines, as wide as the terminal allows.

use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, TableStyle, Width,
};

/// Least width of a text that gives way to the other columns.
const LEAST: u16 = 8;

/// How many columns the terminal has that shows what is printed; nothing where none does.
pub(crate) fn terminal() -> Option<u16> {
    comfy_table::Table::new().width()
}

/// Whether there are fewer columns than this.
pub(crate) fn is_below(terminal: Option<u16>, columns: u16) -> bool {
    terminal.is_some_and(|width| width < columns)
}

/// A table under construction.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// A table with these headings. Those in capitals that end in `#` are numbers, to the right.
    pub(crate) fn new(headings: &[&str], color: bool) -> Self {
        Self::within(terminal(), headings, color)
    }

    /// The same for a terminal of so many columns.
    pub(crate) fn within(terminal: Option<u16>, headings: &[&str], color: bool) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_truncation_indicator("…");
        if let Some(width) = terminal {
            table.set_width(width);
        }
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
            } else if terminal.is_some() {
                // With the padding. Rather a line too long than a word cut into letters.
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(LEAST + 2)));
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

    /// The lines, each row's own texts below it: for terminals that have no room for them beside it.
    pub(crate) fn show_above(&self, texts: &[String]) -> String {
        let shown = self.show();
        let mut lines = shown.lines();
        let mut out = lines.next().unwrap_or_default().to_owned();
        for (line, text) in lines.zip(texts) {
            out.push('\n');
            out.push_str(line);
            for line in text.lines().filter(|line| !line.is_empty()) {
                out.push_str("\n    ");
                out.push_str(line);
            }
        }
        out
    }

    /// The lines, without blanks at their ends.
    pub(crate) fn show(&self) -> String {
        self.0.trim_fmt()
    }
}
