//! How a secret stands, and what about it somebody should look at.

use crate::{
    apply::Services,
    managed::Managed,
    rotation::{
        Phase, State,
        state::{ErrorCode, Lease},
    },
    secret_manager::{Schedule, Secret, SecretError},
};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How one secret stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its phase; `unmanaged` where it has none, and `unreadable` where its annotation is not understood.
    pub phase: &'static str,
    /// When its value was made, as far as that is known.
    pub since: Option<Timestamp>,
    /// What its annotation says; none if it is not under management.
    pub state: Option<State>,
    /// Whether a person has frozen it.
    pub paused: bool,
    /// Secret Manager's schedule.
    pub schedule: Option<Schedule>,
    /// Whether its value is older than it may be, which is one of the problems.
    pub too_old: bool,
    /// What somebody should look at.
    pub problems: Vec<String>,
}

/// Looks at one secret.
pub async fn look(services: &Services, managed: &Managed) -> Result<Standing, SecretError> {
    let secret = services.secrets.read(&managed.name.name).await?;
    let now = services.time.now();
    let view = secret.view();
    let mut problems = Vec::new();
    let (state, is_readable) = match view.state {
        Ok(state) => (state, true),
        Err(error) => {
            problems.push(error.to_string());
            (None, false)
        }
    };
    let since = since(services, managed, &secret, state.as_ref()).await?;
    let too_old = too_old(managed, since, now);
    problems.extend(too_old.clone());
    if is_readable {
        problems.extend(judge(managed, view.paused, state.as_ref(), now));
    }
    Ok(Standing {
        phase: match &state {
            Some(state) => state.phase_name(),
            None if is_readable => "unmanaged",
            None => "unreadable",
        },
        too_old: too_old.is_some(),
        since,
        schedule: secret.schedule(),
        paused: view.paused,
        state,
        problems,
    })
}

/// A rotation counts when it is complete; before the first, the age of the version counts.
async fn since(
    services: &Services,
    managed: &Managed,
    secret: &Secret,
    state: Option<&State>,
) -> Result<Option<Timestamp>, SecretError> {
    let Some(state) = state else {
        return Ok(secret.created());
    };
    if state.last_done.is_some() {
        return Ok(state.last_done);
    }
    let name = &managed.name.name;
    let version = services.secrets.version(name, state.current).await?;
    Ok(version.created)
}

fn too_old(managed: &Managed, since: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let (age, most) = (now.duration_since(since?), managed.max_age?);
    let limit = SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX);
    (age > limit).then(|| {
        format!(
            "its value is {} old, and at most {} is allowed",
            words(age),
            nightshift_runtime::report::duration(most)
        )
    })
}

fn judge(managed: &Managed, paused: bool, state: Option<&State>, now: Timestamp) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(state) = state else {
        problems.push("it is not under management yet".to_owned());
        return problems;
    };
    if let (Some(operation), true) = (&state.operation, paused) {
        let phase = operation.phase.name();
        problems.push(format!(
            "it is frozen in the middle of a rotation ({phase})"
        ));
    }
    if let Some(refused) = &state.refused {
        problems.push(format!(
            "the target has refused version {} {}; it is asked again after {:.0}",
            refused.version,
            times(refused.times),
            refused.until
        ));
    }
    match (&state.operation, state.error) {
        (Some(operation), Some(code)) => problems.push(format!(
            "{} since {:.0} and tried {}: {code}",
            operation.phase.name(),
            operation.since,
            times(operation.tries)
        )),
        (Some(operation), None) if is_orphaned(operation.lease.as_ref(), managed, now) => {
            problems.push(format!(
                "whoever drove it has been silent since {:.0}",
                operation.since
            ));
        }
        (None, Some(code)) if !code.is_by_operator() && code != ErrorCode::UnprovenNewest => {
            problems.push(format!("its last rotation went back: {code}"));
        }
        _ => {}
    }
    problems
}

/// When the running operation goes on, or one that was put off starts.
pub fn comes_next(state: &State) -> Option<Timestamp> {
    match &state.operation {
        Some(operation) => match &operation.phase {
            Phase::Rolled { retire_after, .. } => Some(*retire_after),
            _ => operation.next_try,
        },
        None => state.next.as_ref().map(|next| next.at),
    }
}

/// Whether a lease ended two leases ago and nobody has taken over: the tick does not run.
fn is_orphaned(lease: Option<&Lease>, managed: &Managed, now: Timestamp) -> bool {
    let patience = managed.policy.lease * 2;
    lease.is_some_and(|lease| lease.until + patience < now)
}

fn words(age: SignedDuration) -> String {
    nightshift_runtime::report::duration(Duration::try_from(age).unwrap_or_default())
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}
