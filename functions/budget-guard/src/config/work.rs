//! What only a guard at work needs: a memory, and somebody to tell.

use super::{ChannelConfig, Config, Place, PolicyError, Problem};

/// What a rehearsal does without.
pub(super) fn check(config: &Config) -> Result<(), PolicyError> {
    let at = |place, problem| Err(PolicyError { place, problem });
    if config.state.is_none() {
        let place = "the bucket of the memory, such as \"gs://BUCKET\"";
        return at(Place::Key("state"), Problem::Missing(place));
    }
    let is_missing = |name: &str| !config.channels.contains_key(name);
    for (index, budget) in config.budgets.iter().enumerate() {
        let mut told = budget.tell.iter().flatten();
        if let Some(name) = told.find(|name| is_missing(name)) {
            let problem = Problem::NoChannel(name.clone());
            return at(Place::Budget(index, "tell"), problem);
        }
        for step in &budget.steps {
            let mut named = step.what.iter().filter(|what| !what.contains([':', '.']));
            if let Some(name) = named.find(|name| is_missing(name)) {
                let place = Place::Step(index, step.id.clone(), "do");
                return at(place, Problem::NoChannel(name.clone()));
            }
        }
    }
    let loops = config.channels.values().any(|channel| match channel {
        ChannelConfig::Pubsub(channel) => Some(&channel.topic) == config.feed.topic.as_ref(),
        _ => false,
    });
    if loops {
        return at(Place::Key("channel"), Problem::Loop);
    }
    Ok(())
}
