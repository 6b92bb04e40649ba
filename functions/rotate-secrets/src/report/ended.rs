//! What `rotate`, `tick`, `adopt`, `abort` and `rollback` say.

use crate::{apply::Ended, error::Error, managed::Managed, rotation::Stop};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// How calls ended, one line for each secret.
#[derive(Debug, Serialize)]
pub struct Endings {
    secrets: Vec<Ending>,
}

/// How one call ended.
#[derive(Debug, Serialize)]
pub struct Ending {
    secret: String,
    outcome: &'static str,
    phase: &'static str,
    current: Option<u64>,
    operation: Option<String>,
    until: Option<Timestamp>,
    error: Option<String>,
    message: String,
    advice: Option<&'static str>,
    #[serde(skip)]
    is_well: bool,
}

impl Endings {
    /// Of several calls, none of which has to be the one that does the work: that another worker is at it is well.
    pub fn new(results: &[(&Managed, Result<Ended, Error>)]) -> Self {
        let ending = |(managed, result): &(&Managed, Result<Ended, Error>)| match result {
            Ok(ended) => Ending {
                is_well: ended.is_well() || matches!(ended.stop, Stop::Busy { .. }),
                ..Ending::of(managed, ended)
            },
            Err(error) => Ending::not_begun(managed, error),
        };
        Self {
            secrets: results.iter().map(ending).collect(),
        }
    }

    /// Of one.
    pub fn one(managed: &Managed, ended: &Ended) -> Self {
        Self {
            secrets: vec![Ending::of(managed, ended)],
        }
    }

    /// How many did not end well.
    pub fn unwell(&self) -> usize {
        self.secrets.iter().filter(|one| !one.is_well).count()
    }

    /// What was not well, in one sentence.
    pub fn sentence(&self) -> String {
        let unwell = self.secrets.iter().filter(|one| !one.is_well);
        let sentences: Vec<_> = unwell
            .map(|one| match one.advice {
                Some(advice) => format!("{}: {}; next: {advice}", one.secret, one.message),
                None => format!("{}: {}", one.secret, one.message),
            })
            .collect();
        sentences.join("; ")
    }
}

impl Ending {
    /// Of one call.
    pub fn of(managed: &Managed, ended: &Ended) -> Self {
        let state = ended.state.as_ref();
        let operation = state.and_then(|state| state.operation.as_ref());
        Self {
            secret: managed.key.clone(),
            outcome: ended.outcome(),
            phase: ended.phase_name(),
            current: state.map(|state| state.current.0),
            operation: operation.map(|operation| operation.id.to_string()),
            until: ended.until(),
            error: ended.code().map(|code| code.to_string()),
            message: ended.sentence(),
            advice: ended.advice(),
            is_well: ended.is_well(),
        }
    }

    fn not_begun(managed: &Managed, error: &Error) -> Self {
        Self {
            secret: managed.key.clone(),
            outcome: "failed",
            phase: "unknown",
            current: None,
            operation: None,
            until: None,
            error: None,
            message: error.one_line(),
            advice: None,
            is_well: false,
        }
    }
}

impl Report for Endings {
    fn table(&self) -> String {
        let mut table = Table::new([
            Column::text("SECRET"),
            Column::text("PHASE"),
            Column::number("CURRENT"),
            Column::text("OUTCOME"),
            Column::text("MESSAGE"),
        ]);
        for one in &self.secrets {
            let current = one
                .current
                .map_or_else(|| "-".to_owned(), |n| n.to_string());
            table.row([&one.secret, one.phase, &current, one.outcome, &one.message]);
        }
        table.to_string()
    }
}
