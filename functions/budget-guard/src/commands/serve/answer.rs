//! What whoever sent an event is told.
//!
//! | came to | answer |
//! | --- | --- |
//! | judged, ignored or held; a replay that is finished | 204 |
//! | a command that is obeyed | 200, with what became of it |
//! | a command that is not, or names no budget | 400 |
//! | another instance at work, a bucket or an API that does not answer | 503: the sender comes again |
//! | memory that is damaged | 204, told on every channel: a repetition cannot help, and the next message comes anyway |
//! | a message of a known kind that cannot be read | 400: the dead-letter topic keeps it |

use crate::{
    commands::Disobeyed,
    decision::Verdict,
    error::chain,
    guard::{GuardError, Turn},
};
use nightshift_runtime::Outcome;
use serde_json::json;

/// Why there is no answer of the usual kind.
#[derive(Debug)]
pub(super) enum Refusal {
    Guard(GuardError),
    Disobeyed(Disobeyed),
}

impl From<GuardError> for Refusal {
    fn from(error: GuardError) -> Self {
        Self::Guard(error)
    }
}

impl From<Disobeyed> for Refusal {
    fn from(error: Disobeyed) -> Self {
        match error {
            Disobeyed::Guard(error) => Self::Guard(error),
            error => Self::Disobeyed(error),
        }
    }
}

pub(super) fn to_turns(turns: &[Turn], wants_answer: bool) -> Result<Outcome, Refusal> {
    let left: Vec<&str> = turns
        .iter()
        .flat_map(|turn| &turn.left)
        .map(String::as_str)
        .collect();
    if !left.is_empty() {
        return Ok(Outcome::later("unfinished", left.join("; ")));
    }
    for turn in turns {
        if let Verdict::Rejected(_) = turn.decision.verdict {
            let reason = turn.decision.verdict.reason().unwrap_or("rejected");
            return Err(Disobeyed::Rejected(reason).into());
        }
    }
    if !wants_answer {
        return Ok(Outcome::Done);
    }
    let answers = turns.iter().map(|turn| {
        json!({"budget": turn.budget, "decision": turn.decision, "items": turn.document.items()})
    });
    Ok(Outcome::Answer(
        json!({"budgets": answers.collect::<Vec<_>>()}),
    ))
}

pub(super) fn to_refusal(refusal: Refusal) -> Outcome {
    match refusal {
        Refusal::Disobeyed(error) => Outcome::refused("impossible", error.to_string()),
        Refusal::Guard(error) if error.is_damage() => Outcome::Done,
        Refusal::Guard(error @ GuardError::Busy { .. }) => Outcome::later("busy", chain(&error)),
        Refusal::Guard(error) if error.may_pass() => Outcome::later("unavailable", chain(&error)),
        Refusal::Guard(error) => Outcome::failed("failed", chain(&error)),
    }
}
