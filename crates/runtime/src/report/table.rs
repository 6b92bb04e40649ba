//! A plain table: columns, two spaces between them, no lines.

use crate::terminal;
use comfy_table::{CellAlignment, ContentArrangement, presets};
use std::fmt;

/// A column of a [`Table`]: its heading and the side its values lean to.
#[derive(Debug, Clone)]
pub struct Column {
    heading: String,
    alignment: CellAlignment,
}

impl Column {
    /// A column of words.
    pub fn text(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            alignment: CellAlignment::Left,
        }
    }

    /// A column of figures, which lean to the right so that they can be compared.
    pub fn number(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            alignment: CellAlignment::Right,
        }
    }
}

/// Rows for people, without borders or colours.
///
/// On a terminal it keeps to the terminal's width and wraps long cells; anywhere else every row is one line, for `grep`
/// and friends. Control characters in cells are escaped, so that a hostile name cannot drive the terminal.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row: one cell per column, in the columns' order.
    pub fn row<C: fmt::Display>(&mut self, cells: impl IntoIterator<Item = C>) -> &mut Self {
        let cells = cells
            .into_iter()
            .map(|cell| terminal::printable(&cell.to_string()).into_owned());
        self.rows.push(cells.collect());
        self
    }

    /// The table in `width` columns of a terminal, or in as many as it needs.
    fn render(&self, width: Option<u16>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(self.columns.iter().map(|column| &column.heading));
        table.add_rows(&self.rows);
        for (shape, column) in table.column_iter_mut().zip(&self.columns) {
            shape
                .set_padding((0, 2))
                .set_cell_alignment(column.alignment);
        }
        if let Some(width) = width {
            table
                .set_width(width)
                .set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.trim_fmt()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(terminal::stdout_width()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backups() -> Table {
        let mut table = Table::new([
            Column::text("ID"),
            Column::number("ROWS"),
            Column::text("WHY KEPT"),
        ]);
        table.row(["b1", "1,200", "the newest that was verified"]);
        table.row(["b22", "7", "daily"]);
        table
    }

    #[test]
    fn words_lean_left_and_numbers_right() {
        let expected = [
            "ID    ROWS  WHY KEPT",
            "b1   1,200  the newest that was verified",
            "b22      7  daily",
        ];
        assert_eq!(backups().render(None), expected.join("\n"));
    }

    #[test]
    fn a_narrow_terminal_wraps_cells_instead_of_lines() {
        let rendered = backups().render(Some(30));
        assert!(rendered.lines().all(|line| line.len() <= 30), "{rendered}");
        assert!(rendered.lines().count() > 3, "{rendered}");
    }

    #[test]
    fn a_hostile_name_cannot_drive_the_terminal() {
        let mut table = Table::new([Column::text("TABLE")]);
        table.row(["x\u{1b}[2J"]);
        assert_eq!(table.render(None), "TABLE\nx\\u{1b}[2J");
    }
}
