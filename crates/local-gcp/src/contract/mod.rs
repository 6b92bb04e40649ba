//! Whether exchanges keep to Google's own description of its APIs.
//!
//! The journal's entries are held against the discovery documents of `schemas/`: the method, the query, both bodies, the
//! form of an error. The judge shares the documents with the server that it judges, and no rule: what the server lets
//! pass (numbers for 64-bit strings, snake case, absent parameters) is a violation here.
//!
//! Not judged: what no discovery document describes (Cloud Storage's XML API, gRPC, metadata and tokens), media, the
//! inside of a resumable session (its URI is the server's own), and calls that local-gcp makes itself.

mod body;
mod documents;
mod exchange;
mod format;
mod routes;

use crate::Entry;
pub use routes::unvisited;
use serde::Serialize;
use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What is wrong with one exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The exchange's number in the journal.
    pub seq: u64,
    /// Verb and path.
    pub exchange: String,
    /// Google's name for the method; empty when there is none.
    pub method: String,
    /// What of the exchange is wrong.
    pub part: Part,
    /// Where in it and what, for instance `labels.a: 1 is not a string`.
    pub problem: String,
}

/// A part of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Verb and path.
    Method,
    /// The query string.
    Query,
    /// The body of the request.
    Request,
    /// Status and body of the answer.
    Answer,
}

/// What [`judge`] found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Judgement {
    /// How many exchanges were held against the documents.
    pub judged: usize,
    /// Google's names for the methods that they meant.
    pub methods: BTreeSet<String>,
    /// Why others were not judged, and how many.
    pub skipped: BTreeMap<&'static str, usize>,
    /// What Google's documents rule out.
    pub violations: Vec<Finding>,
    /// What Google ignores without a word: fields that only Google sets, in a request.
    pub warnings: Vec<Finding>,
}

/// Holds what was asked and answered against Google's discovery documents.
///
/// ```
/// # let journal: Vec<local_gcp::Entry> = vec![];
/// let judgement = local_gcp::judge(&journal);
/// assert!(judgement.violations.is_empty(), "{judgement}");
/// ```
pub fn judge<E: Borrow<Entry>>(entries: &[E]) -> Judgement {
    let mut judgement = Judgement::default();
    for entry in entries {
        exchange::judge(entry.borrow(), &mut judgement);
    }
    judgement
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} exchanges of {} methods judged: {} violations, {} warnings",
            self.judged,
            self.methods.len(),
            self.violations.len(),
            self.warnings.len()
        )?;
        for (reason, count) in &self.skipped {
            writeln!(f, "  {count} skipped: {reason}")?;
        }
        for (kind, findings) in [("violation", &self.violations), ("warning", &self.warnings)] {
            for found in findings {
                writeln!(
                    f,
                    "  {kind} in #{} {}, {:?}: {}",
                    found.seq, found.exchange, found.part, found.problem
                )?;
            }
        }
        Ok(())
    }
}
