//! What a rotation would do, decided by the very function that decides it, and not done.

use crate::{
    apply::{Call, Services},
    managed::Managed,
    rotation::{Intent, Overlap, Phase, Staging, Stop, state::VersionNumber},
    secret_manager::SecretError,
};
use std::time::Duration;

/// What `rotate` would do to one secret now.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Why it would not start, or what it would do with what is under way.
    pub instead: Option<String>,
    /// The steps of a rotation of this secret.
    pub steps: Vec<String>,
}

/// Asks what would happen.
pub async fn plan(services: &Services, managed: &Managed) -> Result<Plan, SecretError> {
    let intent = Intent::manual(false, false);
    let call = Call::begin(services, managed, intent, Duration::from_mins(1)).await?;
    let under_way = call
        .state()
        .and_then(|state| state.operation.as_ref())
        .map(|operation| {
            let phase = operation.phase.name();
            format!(
                "it would go on with operation {} in phase {phase}",
                operation.id
            )
        });
    let unmanaged = call.state().is_none().then(|| {
        "it would be taken under management, and not be rotated in the same call".to_owned()
    });
    let readable = call.is_readable();
    let operation = call.state().and_then(|state| state.operation.clone());
    let current = operation.as_ref().map(|operation| operation.base);
    let current = current.or_else(|| call.state().map(|state| state.current));
    let stopped = call.would_stop().await;
    let stopped = stopped.map(|stop| match stop {
        Stop::Held { until } => {
            format!("it would not start before {until:.0}; --force disregards that")
        }
        other => call_ended(managed, other),
    });
    let mut steps = steps(managed, current);
    let done = match operation {
        // Nobody knows how far it is.
        _ if !readable => usize::MAX,
        None => 0,
        Some(operation) => steps_done(managed, &operation.phase),
    };
    steps.drain(..done.min(steps.len()));
    Ok(Plan {
        instead: stopped.or(under_way).or(unmanaged),
        steps,
    })
}

/// How many of the steps an operation in this phase has behind it; all, where it goes back.
fn steps_done(managed: &Managed, phase: &Phase) -> usize {
    match phase {
        Phase::Claimed => 0,
        Phase::Staged { .. } => 1,
        Phase::Proven { .. } => 3,
        Phase::Promoted { .. } => 4,
        Phase::Rolled { .. } => 4 + managed.consumers.len(),
        Phase::Retiring { .. } => 5 + managed.consumers.len(),
        Phase::Undoing(_) => usize::MAX,
    }
}

fn call_ended(managed: &Managed, stop: Stop) -> String {
    crate::apply::Ended {
        secret: managed.name.name.clone(),
        stop,
        state: None,
        trouble: None,
    }
    .sentence()
}

fn steps(managed: &Managed, current: Option<VersionNumber>) -> Vec<String> {
    let policy = &managed.policy;
    let name = &managed.name.name;
    let current = current.map_or_else(
        || "the current version".to_owned(),
        |number| format!("version {number}"),
    );
    let words = nightshift_runtime::report::duration;
    let place = match policy.staging {
        Staging::Side => name.side().to_string(),
        Staging::Inline => format!("{name}, under the alias `pending`"),
    };
    let (kind, target) = (managed.target.kind(), managed.target.place());
    let window = match policy.overlap {
        Overlap::Both => "the old value stays good",
        Overlap::Single => "new logins with the old value fail until the new one is read",
    };
    let mut steps = vec![
        format!("make a new value from {current} and add it to {place}; read it back"),
        format!("give it to the target ({kind}: {target}); {window}"),
        "prove it: log in with it and test what the application needs".to_owned(),
        format!("add it to {name} and move `current`"),
    ];
    for consumer in &managed.consumers {
        steps.push(format!(
            "roll {consumer} and wait up to {} until it serves",
            words(policy.rollout_deadline)
        ));
    }
    steps.push(format!(
        "wait {} of grace, then make sure that nothing refers to the old value",
        words(policy.grace)
    ));
    if policy.revoke {
        steps.push("make the old value useless at the target".to_owned());
    }
    steps.push(format!("take {current} out of use"));
    steps
}
