//! What only a guard at work needs: a memory, and somebody to tell.

use super::{ChannelConfig, Config, Place, PolicyError, Problem};
use nightshift_runtime::gcp;

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
    let (topic, subscription) = (&config.feed.topic, &config.feed.subscription);
    resource("feed.topic", topic.as_ref(), "topics")?;
    resource("feed.subscription", subscription.as_ref(), "subscriptions")?;
    for channel in config.channels.values() {
        if let ChannelConfig::Pubsub(channel) = channel {
            resource("channel.*.topic", Some(&channel.topic), "topics")?;
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

/// Refuses what is not the full name of a resource of Pub/Sub's.
fn resource(
    key: &'static str,
    name: Option<&String>,
    kind: &'static str,
) -> Result<(), PolicyError> {
    match name {
        Some(name) if !gcp::is_resource(name, kind) => Err(PolicyError {
            place: Place::Key(key),
            problem: Problem::Form {
                found: name.clone(),
                right: if kind == "topics" {
                    "the name of a topic: projects/PROJECT/topics/NAME"
                } else {
                    "the name of a subscription: projects/PROJECT/subscriptions/NAME"
                },
            },
        }),
        _ => Ok(()),
    }
}
