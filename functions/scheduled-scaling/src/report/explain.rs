//! What `explain` says.

use crate::{
    desired::Desired,
    explain::{Claim, Outcome},
    schedule::Schedule,
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// What holds, and what every rule says to it.
#[derive(Debug, Serialize)]
pub struct Explanation {
    name: String,
    at: Timestamp,
    local: String,
    level: String,
    rule: String,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    claims: Vec<Told>,
    #[serde(skip)]
    since_local: String,
    #[serde(skip)]
    until_local: String,
}

#[derive(Debug, Serialize)]
struct Told {
    rule: String,
    level: String,
    wins: bool,
    why: String,
}

const LOCAL: &str = "%a %F %H:%M:%S %:z";

impl Explanation {
    /// Describes the answer for `name` at `at`.
    pub fn new(
        name: &str,
        schedule: &Schedule,
        at: Timestamp,
        answer: &Desired,
        claims: Vec<Claim>,
    ) -> Self {
        let local = |at: Timestamp| schedule.zone.local(at).strftime(LOCAL).to_string();
        let told = claims.into_iter().map(|claim| Told {
            wins: claim.outcome == Outcome::Wins,
            why: claim.outcome.describe(&local),
            rule: claim.rule,
            level: claim.level,
        });
        Self {
            name: name.to_owned(),
            at,
            local: local(at),
            level: answer.level.to_string(),
            rule: answer.rule.to_string(),
            since_local: answer.since.map_or_else(|| "always".to_owned(), local),
            until_local: answer.until.map_or_else(|| "for good".to_owned(), local),
            since: answer.since,
            until: answer.until,
            claims: told.collect(),
        }
    }
}

impl Report for Explanation {
    fn table(&self) -> String {
        let mut table = Table::new(["", "RULE", "SAYS", "WHY"].map(Column::text));
        for claim in &self.claims {
            let mark = if claim.wins { "→" } else { "" };
            table.row([mark, &claim.rule, &claim.level, &claim.why]);
        }
        format!(
            "{} at {} ({})\n{} by {}\nsince {}\nuntil {}\n\n{table}\n",
            self.name,
            self.local,
            self.at,
            self.level,
            self.rule,
            self.since_local,
            self.until_local
        )
    }
}
