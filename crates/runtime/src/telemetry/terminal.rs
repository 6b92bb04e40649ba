//! The form for people: time, level, message, fields.

use super::Record;
use crate::terminal::printable;
use console::{Style, StyledObject};
use serde_json::Value;
use std::{
    borrow::Cow,
    fmt::{self, Display},
};
use tracing::Level;

/// What a line looks like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Whether levels and fields are told apart by colour.
    pub(super) colours: bool,
    /// Whether the time has a date: in a file it matters, on a screen it is today's.
    pub(super) date: bool,
}

impl Look {
    fn paint<T: Display>(self, style: Style, text: T) -> StyledObject<T> {
        style.force_styling(self.colours).apply_to(text)
    }
}

/// `record` as one line, without its line break. Times are UTC.
pub(super) fn line(record: &Record, look: Look) -> String {
    Line { record, look }.to_string()
}

struct Line<'a> {
    record: &'a Record,
    look: Look,
}

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record {
            time,
            metadata,
            message,
            fields,
        } = self.record;
        let time = time.strftime(if self.look.date {
            "%Y-%m-%dT%H:%M:%SZ"
        } else {
            "%H:%M:%SZ"
        });
        let (level, style) = level(*metadata.level());
        let dim = Style::new().dim();
        write!(
            f,
            "{} {}",
            self.look.paint(dim.clone(), time),
            self.look.paint(style, level)
        )?;
        if *metadata.level() >= Level::DEBUG {
            write!(f, " {}", self.look.paint(dim.clone(), metadata.target()))?;
        }
        if !message.is_empty() {
            write!(f, " {}", printable(message))?;
        }
        // The message of a request's line says what these say.
        let told = |name: &str| name.starts_with(super::cloud::HTTP_REQUEST);
        for (name, value) in fields.iter().filter(|(name, _)| !told(name)) {
            write!(
                f,
                " {}{}",
                self.look.paint(dim.clone(), format_args!("{name}=")),
                shown(value)
            )?;
        }
        Ok(())
    }
}

/// Words as they are; whatever could be taken for something else, in quotes.
fn shown(value: &Value) -> Cow<'_, str> {
    let needs_quotes = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '=');
    match value {
        Value::String(text) if text.is_empty() || text.contains(needs_quotes) => {
            format!("{text:?}").into()
        }
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

fn level(level: Level) -> (&'static str, Style) {
    match level {
        Level::ERROR => ("ERROR", Style::new().red().bold()),
        Level::WARN => (" WARN", Style::new().yellow()),
        Level::INFO => (" INFO", Style::new().green()),
        Level::DEBUG => ("DEBUG", Style::new().blue()),
        Level::TRACE => ("TRACE", Style::new().magenta()),
    }
}
