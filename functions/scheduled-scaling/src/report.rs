//! What each command says: a table for people, JSON for programs, and a picture for those who pay.
//!
//! Field names of the JSON forms are part of the command line's contract: they are added to, never changed. What is not
//! known is `null`, never zero.

pub mod check;
pub mod explain;
pub mod html;
mod plan;
pub mod run;
pub mod savings;
pub mod status;
pub mod svg;

use crate::timeline::Cell;
use jiff::Timestamp;
use nightshift_runtime::Report;
use serde::Serialize;

/// A document that is text already: a picture, a page, a configuration.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Document(pub String);

impl Report for Document {
    fn table(&self) -> String {
        self.0.clone()
    }
}

/// The last part of a full name.
fn short_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// What stands in a cell whose value is not known or does not exist.
fn or_dash(text: Option<&str>) -> &str {
    text.unwrap_or("-")
}

/// An instant to the minute.
fn minute(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.strftime("%F %H:%MZ").to_string())
}

/// The share of the peak that a cell reaches, for pictures; none where it is not known or not there.
fn share(cell: Cell, peak: Option<u32>) -> Option<f64> {
    match cell {
        Cell::Floor(0) => Some(0.0),
        Cell::Floor(floor) => {
            let peak = peak.unwrap_or(floor).max(floor);
            Some(f64::from(floor) / f64::from(peak))
        }
        Cell::Unknown | Cell::Skipped => None,
    }
}
