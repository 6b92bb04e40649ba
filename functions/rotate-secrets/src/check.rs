//! What would keep a rotation from succeeding, found out without changing anything.

use crate::{
    apply::Services,
    managed::Managed,
    payload::Payload,
    rotation::{
        Staging,
        state::{CURRENT_ALIAS, Place, VersionNumber},
    },
    secret_manager::{Secret, SecretError, SecretName},
    target::{Finding, Level},
};

/// What a rotation does to a secret.
const MAIN_RIGHTS: [&str; 7] = [
    "secretmanager.secrets.get",
    "secretmanager.secrets.update",
    "secretmanager.versions.add",
    "secretmanager.versions.access",
    "secretmanager.versions.list",
    "secretmanager.versions.disable",
    "secretmanager.versions.destroy",
];

/// What it does to the side secret.
const SIDE_RIGHTS: [&str; 4] = [
    "secretmanager.versions.add",
    "secretmanager.versions.access",
    "secretmanager.versions.list",
    "secretmanager.versions.destroy",
];

/// Looks at one secret and everything that its rotation touches.
pub async fn check(services: &Services, managed: &Managed) -> Vec<Finding> {
    let mut findings = Vec::new();
    let secret = match services.secrets.read(&managed.name.name).await {
        Ok(secret) => secret,
        Err(error) => return vec![Finding::error("secret", error.to_string())],
    };
    findings.extend(metadata(managed, &secret));
    findings.extend(schedule(services, managed, &secret));
    let main = managed.place(Place::Main);
    findings.push(rights(services, &main, &MAIN_RIGHTS).await);
    if managed.policy.staging == Staging::Side {
        let found = side(services, managed).await;
        if found.level == Level::Ok {
            let side = managed.place(Place::Side);
            findings.push(rights(services, &side, &SIDE_RIGHTS).await);
        }
        findings.push(found);
    }
    let current = match current(services, managed, &secret).await {
        Ok((number, payload)) => {
            let message = format!("version {number} can be read");
            findings.push(Finding::ok("current", message));
            Some(payload)
        }
        Err(error) => {
            findings.push(Finding::error("current", error));
            None
        }
    };
    findings.extend(managed.target.check(current.as_ref()).await);
    let inline = managed.policy.staging == Staging::Inline;
    for consumer in &managed.consumers {
        let run = &services.run;
        findings.push(run.check(&managed.name, consumer, inline).await);
    }
    findings
}

fn metadata(managed: &Managed, secret: &Secret) -> Vec<Finding> {
    let mut findings = Vec::new();
    let view = secret.view();
    if view.managed {
        let refusal = crate::rotation::Refusal::Managed;
        findings.push(Finding::error("managed", refusal.to_string()));
    }
    if view.paused {
        let message = "it is frozen; `rotate-secrets resume` lets it be rotated again";
        findings.push(Finding::warning("paused", message));
    }
    findings.push(match &view.state {
        Ok(Some(state)) => Finding::ok("state", format!("its phase is {}", state.phase_name())),
        Ok(None) => Finding::warning(
            "state",
            "not under management yet; the first tick or `rotate-secrets adopt` takes it",
        ),
        Err(error) => Finding::error("state", error.to_string()),
    });
    let expected = managed.name.numbered.project();
    if let Some(found) = secret.project_number()
        && found != expected
    {
        let message = format!(
            "`project_number` is {expected} and the secret's is {found}: no event would be taken for this secret"
        );
        findings.push(Finding::error("project-number", message));
    }
    findings
}

fn schedule(services: &Services, managed: &Managed, secret: &Secret) -> Vec<Finding> {
    let mut findings = Vec::new();
    let policy = &managed.policy;
    if policy.windows.opens(services.time.now()).is_none() {
        let message = "no window opens within 400 days: no scheduled rotation would ever start";
        findings.push(Finding::error("windows", message));
    }
    let Some(schedule) = secret.schedule() else {
        let message = "the secret has no rotation schedule: it is rotated by hand only";
        findings.push(Finding::warning("schedule", message));
        return findings;
    };
    if secret.topics().next().is_none() {
        let message = "the secret has a schedule and no topic: nobody is told when it is due";
        findings.push(Finding::error("schedule", message));
    }
    let Some(period) = schedule.period else {
        let message = "the schedule has no period: it fires once and is gone";
        findings.push(Finding::warning("schedule", message));
        return findings;
    };
    let period = std::time::Duration::try_from(period).unwrap_or_default();
    findings.push(if policy.grace + policy.rollout_deadline < period {
        let period = nightshift_runtime::report::duration(period);
        Finding::ok("schedule", format!("due every {period}"))
    } else {
        let message = "grace and rollout together are longer than the period: the next rotation would wait for the last";
        Finding::error("schedule", message)
    });
    findings
}

async fn side(services: &Services, managed: &Managed) -> Finding {
    let name = managed.place(Place::Side);
    match services.secrets.read(&name).await {
        Ok(_) => Finding::ok("side", format!("candidates wait in {name}")),
        Err(error) => Finding::error(
            "side",
            format!(
                "{error}; candidates wait there until they are proven: create it with the same location, replication and key"
            ),
        ),
    }
}

async fn rights(services: &Services, name: &SecretName, wanted: &[&str]) -> Finding {
    match services.secrets.permitted(name, wanted).await {
        Ok(granted) => {
            let missing: Vec<&str> = wanted
                .iter()
                .copied()
                .filter(|right| !granted.iter().any(|granted| granted == right))
                .collect();
            if missing.is_empty() {
                Finding::ok("rights", format!("all that is needed on {name}"))
            } else {
                let message = format!("missing on {name}: {}", missing.join(", "));
                Finding::error("rights", message)
            }
        }
        Err(error) => Finding::error("rights", error.to_string()),
    }
}

/// The published value: what the state says, else `current`, else the newest that can be read.
async fn current(
    services: &Services,
    managed: &Managed,
    secret: &Secret,
) -> Result<(VersionNumber, Payload), String> {
    let name = &managed.name.name;
    let words = |error: SecretError| error.to_string();
    let known = match secret.view().state {
        Ok(Some(state)) => Some(state.current),
        _ => secret
            .alias(CURRENT_ALIAS)
            .and_then(|number| u64::try_from(number).ok())
            .map(VersionNumber),
    };
    let number = match known {
        Some(number) => number,
        None => {
            let newest = services.secrets.newest_enabled(name).await.map_err(words)?;
            newest
                .ok_or_else(|| "the secret has no enabled version: add one first".to_owned())?
                .number
        }
    };
    let payload = services.secrets.access(name, number).await.map_err(words)?;
    Ok((number, payload))
}
