//! What `status` says.

use crate::{
    managed::Managed,
    rotation::state::Lease,
    secret_manager::SecretError,
    status::{Standing, comes_next},
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table, age},
};
use serde::Serialize;

/// How every secret stands.
#[derive(Debug, Serialize)]
pub struct Status {
    now: Timestamp,
    secrets: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    secret: String,
    name: String,
    phase: &'static str,
    paused: bool,
    current: Option<u64>,
    since: Option<Timestamp>,
    age_seconds: Option<i64>,
    last_rotated: Option<Timestamp>,
    operation: Option<String>,
    lease_until: Option<Timestamp>,
    next: Option<Timestamp>,
    error: Option<String>,
    problems: Vec<String>,
}

impl Status {
    /// Of these secrets, as they were found.
    pub fn new(found: Vec<(&Managed, Result<Standing, SecretError>)>, now: Timestamp) -> Self {
        let secrets = found.into_iter().map(|(managed, found)| match found {
            Ok(standing) => Line::of(managed, standing, now),
            Err(error) => Line::unknown(managed, &error),
        });
        Self {
            now,
            secrets: secrets.collect(),
        }
    }

    /// What somebody should look at, in one sentence; none if all is well.
    pub fn problems(&self) -> Option<String> {
        let sentences: Vec<String> = self
            .secrets
            .iter()
            .flat_map(|line| {
                let problems = line.problems.iter();
                problems.map(|problem| format!("{}: {problem}", line.secret))
            })
            .collect();
        (!sentences.is_empty()).then(|| sentences.join("; "))
    }
}

impl Line {
    fn of(managed: &Managed, standing: Standing, now: Timestamp) -> Self {
        let state = standing.state.as_ref();
        let operation = state.and_then(|state| state.operation.as_ref());
        let lease = operation.and_then(|operation| operation.lease.as_ref());
        let alive = lease.filter(|lease: &&Lease| lease.is_alive(now));
        let scheduled = standing.schedule.and_then(|schedule| schedule.next);
        Self {
            secret: managed.key.clone(),
            name: managed.name.name.to_string(),
            phase: standing.phase,
            paused: standing.paused,
            current: state.map(|state| state.current.0),
            since: standing.since,
            age_seconds: standing
                .since
                .map(|since| now.duration_since(since).as_secs()),
            last_rotated: state.and_then(|state| state.last_done),
            operation: operation.map(|operation| operation.id.to_string()),
            lease_until: alive.map(|lease| lease.until),
            next: state.and_then(comes_next).or(scheduled),
            error: state.and_then(|state| Some(state.error?.to_string())),
            problems: standing.problems,
        }
    }

    fn unknown(managed: &Managed, error: &SecretError) -> Self {
        Self {
            secret: managed.key.clone(),
            name: managed.name.name.to_string(),
            phase: "unknown",
            paused: false,
            current: None,
            since: None,
            age_seconds: None,
            last_rotated: None,
            operation: None,
            lease_until: None,
            next: None,
            error: None,
            problems: vec![error.to_string()],
        }
    }
}

impl Report for Status {
    fn table(&self) -> String {
        let mut table = Table::new([
            Column::text("SECRET"),
            Column::text("PHASE"),
            Column::number("CURRENT"),
            Column::number("AGE"),
            Column::text("LEASE"),
            Column::text("NEXT"),
            Column::text("PROBLEMS"),
        ]);
        let dash = || "-".to_owned();
        for line in &self.secrets {
            let paused = if line.paused { " (frozen)" } else { "" };
            table.row([
                line.secret.clone(),
                format!("{}{paused}", line.phase),
                line.current.map_or_else(dash, |number| number.to_string()),
                line.since.map_or_else(dash, |since| age(self.now, since)),
                line.lease_until
                    .map_or_else(dash, |until| format!("{until:.0}")),
                line.next.map_or_else(dash, |next| format!("{next:.0}")),
                if line.problems.is_empty() {
                    dash()
                } else {
                    line.problems.join("; ")
                },
            ]);
        }
        table.to_string()
    }
}
