//! `budget-guard evaluate`.

use crate::{
    cli::EvaluateArgs,
    decide,
    error::Error,
    input::{Event, Input, Observed},
    policy::Policy,
    rehearsal,
    report::evaluated::Evaluated,
    state::{State, document::Document},
};
use nightshift_runtime::{ExitStatus, Output};

pub(super) fn execute(
    policies: Vec<Policy>,
    args: &EvaluateArgs,
    output: Output,
) -> Result<ExitStatus, Error> {
    let policies = super::suppose(policies, &args.suppositions);
    let envelopes = super::envelopes(&args.file)?;
    let [envelope] = envelopes.as_slice() else {
        return Err(Error::TooManyMessages {
            path: args.file.clone(),
            count: envelopes.len(),
        });
    };
    let input = Input::from(envelope.message()?);
    let event = Event {
        observed: Observed {
            armed: args.suppositions.armed.iter().cloned().collect(),
            ..Observed::at(args.now.unwrap_or(envelope.publish_time))
        },
        input,
    };
    let state = match &args.state {
        None => State::default(),
        Some(path) => {
            let stored = super::read(path)?;
            let document = Document::read(stored.as_bytes()).map_err(|source| Error::State {
                path: path.clone(),
                source,
            })?;
            document.state
        }
    };
    let concerned = rehearsal::concerned(&policies, &event.input);
    // What concerns nobody is still judged, so that it is said why.
    let judged: Vec<&Policy> = if concerned.is_empty() {
        policies.iter().take(1).collect()
    } else {
        concerned.into_iter().map(|(_, policy)| policy).collect()
    };
    let decisions = judged
        .into_iter()
        .map(|policy| (policy, decide(policy, &state, &event).1));
    super::print(&Evaluated::new(envelope, decisions), output)?;
    Ok(ExitStatus::Done)
}
