//! What a person has changed meanwhile, and what becomes of it.

use super::Sight;
use crate::{
    actions,
    state::{
        document::{ItemRecord, Operation},
        holders::Held,
    },
};

/// The levers that a person has moved since we did.
fn touched(held: &Held, sight: &Sight) -> Vec<&'static str> {
    let seen = sight.iter();
    let by_hand = seen.filter(|(name, seen)| {
        actions::lever(name).is_some_and(|lever| held.was_changed_by_hand(lever, &seen.value))
    });
    by_hand.map(|(name, _)| *name).collect()
}

/// Gives up what a person has changed, and says which levers that are.
pub(super) fn give_up(item: &ItemRecord, held: &mut Held, sight: &Sight) -> Vec<&'static str> {
    let touched = touched(held, sight);
    let insists = item.op == Operation::Do && !resumes(held, &touched);
    for lever in &touched {
        held.forget(lever);
        // A further rung is a decision of its own: what the person made of it is what will be given back.
        if insists {
            held.capture(lever, &sight[lever].value);
        }
    }
    if insists { Vec::new() } else { touched }
}

/// Whether the very work that is to be done had begun when a person came between.
fn resumes(held: &Held, touched: &[&str]) -> bool {
    let moves = held.targets();
    moves
        .iter()
        .any(|one| touched.contains(&one.lever.as_str()) && held.has_begun(&one.lever, &one.target))
}
