//! What a run says on standard output: a table for people, JSON for programs.
//!
//! Standard output carries the result and nothing else, so that `… --output json | jq` always works. [`print()`] is the
//! only place that writes to it; logs and progress go to standard error.

mod figures;
mod table;

pub use figures::{age, bytes, count, duration};
pub use table::{Column, Table};

use crate::terminal;
use serde::Serialize;
use std::io::{self, Write};

/// How a command shows its result; the value of the global `--output` option.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people; the form may change from version to version.
    #[default]
    Table,
    /// For programs; one document, whose fields are only ever added to.
    Json,
}

/// The result of a command. Its JSON form is its [`Serialize`] implementation.
pub trait Report: Serialize {
    /// The form for people: any number of lines, usually built with [`Table`].
    fn table(&self) -> String;
}

/// Writes `report` to standard output, whole, and ends it with a line break.
///
/// A reader that went away (`… | head -1`) is not an error: it has seen what it wanted.
pub fn print<R: Report + ?Sized>(report: &R, output: Output) -> io::Result<()> {
    terminal::bars()
        .suspend(|| quiet_about_broken_pipes(write(&mut io::stdout().lock(), report, output)))
}

fn write<R: Report + ?Sized>(out: &mut impl Write, report: &R, output: Output) -> io::Result<()> {
    match output {
        Output::Table => out.write_all(report.table().trim_end().as_bytes())?,
        Output::Json => serde_json::to_writer_pretty(&mut *out, report)?,
    }
    out.write_all(b"\n")?;
    out.flush()
}

fn quiet_about_broken_pipes(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Greeting {
        text: &'static str,
    }

    impl Report for Greeting {
        fn table(&self) -> String {
            format!("TEXT\n{}\n\n", self.text)
        }
    }

    struct ClosedPipe;

    impl Write for ClosedPipe {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(output: Output) -> String {
        let mut out = Vec::new();
        write(&mut out, &Greeting { text: "good night" }, output).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_ends_with_exactly_one_line_break() {
        assert_eq!(written(Output::Table), "TEXT\ngood night\n");
    }

    #[test]
    fn json_is_one_document_that_ends_with_a_line_break() {
        assert_eq!(written(Output::Json), "{\n  \"text\": \"good night\"\n}\n");
    }

    #[test]
    fn a_reader_that_went_away_is_not_an_error() {
        for output in [Output::Table, Output::Json] {
            let written = write(&mut ClosedPipe, &Greeting { text: "unheard" }, output);
            assert!(written.is_err());
            assert!(quiet_about_broken_pipes(written).is_ok());
        }
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let full = Err(io::ErrorKind::StorageFull.into());
        assert!(quiet_about_broken_pipes(full).is_err());
    }
}
