//! What `evaluate` says.

use super::{notices, when};
use crate::{decision::Decision, explain::explain, message::Envelope, policy::Policy};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use serde::Serialize;

/// What one message comes to, for each budget it is about.
#[derive(Debug, Serialize)]
pub struct Evaluated {
    message_id: String,
    publish_time: Timestamp,
    decisions: Vec<Judged>,
}

#[derive(Debug, Serialize)]
struct Judged {
    account: String,
    budget: String,
    explanation: String,
    #[serde(flatten)]
    decision: Decision,
}

impl Evaluated {
    /// Describes `decisions`.
    pub fn new<'a>(
        envelope: &Envelope,
        decisions: impl Iterator<Item = (&'a Policy, Decision)>,
    ) -> Self {
        let judged = |(policy, decision): (&Policy, Decision)| Judged {
            account: policy.account.clone(),
            budget: policy.budget.clone(),
            explanation: explain(&decision, policy),
            decision,
        };
        Self {
            message_id: envelope.message_id.clone(),
            publish_time: envelope.publish_time,
            decisions: decisions.map(judged).collect(),
        }
    }
}

impl Report for Evaluated {
    fn table(&self) -> String {
        let mut table = Table::new([Column::text("WHAT"), Column::text("IS")]);
        table.row(["message".to_owned(), self.message_id.clone()]);
        table.row(["published".to_owned(), when(self.publish_time)]);
        for judged in &self.decisions {
            let decision = &judged.decision;
            table.row([
                "budget".to_owned(),
                format!("{}/{}", judged.account, judged.budget),
            ]);
            let reason = decision
                .verdict
                .reason()
                .map(|reason| format!(" ({reason})"));
            let verdict = decision.verdict.word();
            table.row([
                "verdict".to_owned(),
                format!("{verdict}{}", reason.unwrap_or_default()),
            ]);
            table.row(["level".to_owned(), decision.level.to_string()]);
            for item in &decision.plan {
                table.row(["plan".to_owned(), item.to_string()]);
            }
            for notice in notices(decision) {
                table.row(["notify".to_owned(), notice]);
            }
        }
        let lines = self
            .decisions
            .iter()
            .map(|judged| format!("\n{}", judged.explanation));
        format!("{table}\n{}", lines.collect::<String>())
    }
}
