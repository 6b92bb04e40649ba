//! Whether two databases are the same, judged by PostgreSQL's own `pg_dump`.

use crate::{LocalPostgres, Result, command};
use std::{collections::HashMap, error, fmt, fmt::Write};

/// How many lines around a difference are shown.
const CONTEXT: usize = 3;

/// The longest piece of a line that is shown.
const SHOWN_WIDTH: usize = 160;

impl LocalPostgres {
    /// Everything in a database as text: the output of the server's own `pg_dump`, made so that
    /// the same databases give the same text.
    ///
    /// The rows of each table are sorted, since a table has no order. The random keys of
    /// `\restrict` are left out. Rows that are loaded through the root of a partitioned table
    /// stand together, because their leaves differ between databases (hashes of an enum). The
    /// values of sequences and large objects are in it.
    ///
    /// The text is held in memory: for fixtures, not for big databases.
    pub fn schema_and_data_text(&self, database: &str) -> Result<String> {
        let output = command::run(&mut self.client("pg_dump", database)?)?;
        // `pg_dump` writes the database's encoding, which is UTF-8 on servers of this crate.
        Ok(normalized(&String::from_utf8_lossy(&output.stdout)))
    }
}

/// Compares two texts of [`LocalPostgres::schema_and_data_text`]; the error is the first difference.
///
/// # Examples
/// ```
/// use local_postgres::compare::same_text;
///
/// let difference = same_text("-- Name: t\nCREATE TABLE t", "-- Name: t\nCREATE TABLE u").unwrap_err();
/// assert_eq!(difference.line, 2);
/// ```
pub fn same_text(left: &str, right: &str) -> Result<(), Difference> {
    if left == right {
        return Ok(());
    }
    let left: Vec<_> = left.lines().collect();
    let right: Vec<_> = right.lines().collect();
    let at = left
        .iter()
        .zip(&right)
        .take_while(|(left, right)| left == right)
        .count();
    let object = left[..at].iter().rev().find_map(|line| {
        let rest = line.strip_prefix("-- ")?;
        rest.strip_prefix("Name: ")
            .or_else(|| rest.strip_prefix("Data for Name: "))
    });
    let show = |lines: &[&str]| {
        let from = at.saturating_sub(CONTEXT);
        let to = (at + CONTEXT + 1).min(lines.len());
        lines
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .map(|line| shortened(line))
            .collect()
    };
    Err(Difference {
        line: at + 1,
        object: object.map(ToOwned::to_owned),
        left: show(&left),
        right: show(&right),
    })
}

/// The first place where two databases are not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the line, from 1.
    pub line: usize,
    /// The object that the line is part of, as `pg_dump` names it.
    pub object: Option<String>,
    /// The lines around it in the first text.
    pub left: Vec<String>,
    /// The lines around it in the second text.
    pub right: Vec<String>,
}

impl error::Error for Difference {}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the databases differ at line {}", self.line)?;
        if let Some(object) = &self.object {
            write!(f, ", in {object}")?;
        }
        for (name, lines) in [("first", &self.left), ("second", &self.right)] {
            write!(f, "\n  in the {name}:")?;
            for line in lines {
                write!(f, "\n    {line}")?;
            }
        }
        Ok(())
    }
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(SHOWN_WIDTH) {
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], line.len()),
        None => line.to_owned(),
    }
}

/// Sorts the rows of each `COPY`, puts those of one target together, drops `\restrict` lines.
fn normalized(dump: &str) -> String {
    let mut rows: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut lines = dump.lines();
    let mut kept = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ") {
            continue;
        }
        if line.starts_with("COPY ") && line.ends_with(" FROM stdin;") {
            if !rows.contains_key(line) {
                kept.push(line);
            }
            // The data end with a line that no row can look like.
            rows.entry(line)
                .or_default()
                .extend(lines.by_ref().take_while(|row| *row != "\\."));
        } else {
            kept.push(line);
        }
    }
    let mut text = String::with_capacity(dump.len());
    for line in kept {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
        if let Some(rows) = rows.get_mut(line) {
            rows.sort_unstable();
            for row in rows {
                let _ = writeln!(text, "{row}");
            }
            let _ = writeln!(text, "\\.");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_no_order_and_keys_of_restrict_do_not_count() {
        let one =
            "\\restrict a1\nCOPY t (a) FROM stdin;\n2\n1\n\\.\n\nSELECT 1;\n\\unrestrict a1\n";
        let two =
            "\\restrict b2\nCOPY t (a) FROM stdin;\n1\n2\n\\.\n\nSELECT 1;\n\\unrestrict b2\n";
        assert_eq!(normalized(one), normalized(two));
        assert_eq!(
            normalized(one),
            "COPY t (a) FROM stdin;\n1\n2\n\\.\n\nSELECT 1;\n"
        );
    }

    #[test]
    fn rows_of_one_root_stand_together_whatever_leaf_they_come_from() {
        let one = "COPY r (a) FROM stdin;\n1\n\\.\n--\nCOPY r (a) FROM stdin;\n2\n\\.\n";
        let two = "COPY r (a) FROM stdin;\n\\.\n--\nCOPY r (a) FROM stdin;\n2\n1\n\\.\n";
        assert_eq!(normalized(one), normalized(two));
    }

    #[test]
    fn a_lost_row_is_a_difference_that_names_its_table() {
        let header = "-- Data for Name: t; Type: TABLE DATA\nCOPY t (a) FROM stdin;\n";
        let left = format!("{header}1\n2\n\\.\n");
        let right = format!("{header}1\n\\.\n");
        let difference = same_text(&left, &right).unwrap_err();
        assert_eq!(difference.line, 4);
        assert!(
            difference.to_string().contains("in t; Type: TABLE DATA"),
            "{difference}"
        );
    }
}
