//! What each command says: a table for people, JSON for programs.
//!
//! Field names of the JSON forms are part of the command line's contract: they are added to, never changed. Times are
//! RFC 3339, durations are seconds, sizes are bytes; what is not known is `null`, never zero.

pub mod check;
pub mod list;
pub mod made;
pub mod pinned;
pub mod pruned;
pub mod restored;
pub mod show;
pub mod status;
pub mod verified;

use jiff::Timestamp;
use nightshift_runtime::report::{age, duration};
use std::{fmt::Display, time::Duration};

/// What stands in a cell whose value is not known or does not exist.
const NOTHING: &str = "-";

/// A value for people, or a dash.
fn or_dash<T, S: Display>(value: Option<T>, show: impl FnOnce(T) -> S) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| show(value).to_string())
}

/// An instant with its age: `2026-06-30 02:00Z (10 h ago)`.
fn when(now: Timestamp, at: Timestamp) -> String {
    format!("{} ({})", at.strftime("%Y-%m-%d %H:%MZ"), age(now, at))
}

/// A duration out of seconds, for people.
fn took(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// How many times smaller the stored bytes are, as in `4.2`; none when nothing is stored.
#[expect(
    clippy::cast_precision_loss,
    reason = "one decimal of a ratio of byte counts"
)]
fn ratio(raw: u64, stored: u64) -> Option<f64> {
    (stored > 0).then(|| (raw as f64 / stored as f64 * 10.0).round() / 10.0)
}

/// Sentences below a table, each with its mark.
fn remarks<'a>(mark: &str, sentences: impl IntoIterator<Item = &'a String>) -> String {
    sentences
        .into_iter()
        .map(|sentence| format!("\n{mark} {}", sentence.replace(char::is_control, " ")))
        .collect()
}
