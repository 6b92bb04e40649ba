//! The name of a rule, as explanations give it.

use jiff::{Timestamp, civil::Date};
use std::{fmt, sync::Arc};

/// Which rule speaks, and by which of its occurrences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// A person's word.
    Override {
        /// `hold`, `pin` or `boost`.
        kind: &'static str,
        /// When it began.
        from: Timestamp,
    },
    /// A value for a whole day.
    Exception {
        /// The day.
        date: Date,
    },
    /// A window.
    Window {
        /// Its name.
        name: Arc<str>,
        /// Its days and times.
        label: Arc<str>,
        /// The day on which it started, by the calendar of the zone.
        date: Date,
    },
    /// A cron expression.
    Transition {
        /// The expression.
        cron: Arc<str>,
        /// When it fired.
        fired: Timestamp,
    },
    /// None.
    Default,
}

impl Rule {
    /// The rule with its name for people, without its occurrence: `core, mon-fri 08:00-18:00`.
    pub fn title(&self) -> String {
        match self {
            Self::Window { name, label, .. } => format!("{name}, {label}"),
            Self::Transition { cron, .. } => format!("cron {cron}"),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Override { kind, .. } => f.write_str(kind),
            Self::Exception { date } => write!(f, "exception {date}"),
            Self::Window { label, date, .. } => write!(f, "{label} ({date})"),
            Self::Transition { cron, fired } => {
                write!(f, "cron {cron} @{}", fired.strftime("%m-%dT%H:%MZ"))
            }
            Self::Default => f.write_str("default"),
        }
    }
}
