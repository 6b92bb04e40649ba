//! Each action of each ladder: is its resource there, may we, and would Google accept the change?

use super::Finding;
use crate::{
    action::{Action, Verb},
    actions::{self, ARMED, PROTECT},
    google::{Api, CallError, Google},
    policy::Policy,
};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) async fn look(policies: &[Policy], google: &Google) -> Vec<Finding> {
    let mut seen: Vec<&Action> = Vec::new();
    let mut findings = Vec::new();
    let steps = policies.iter().flat_map(|policy| &policy.steps);
    for action in steps.flat_map(|step| &step.actions) {
        if seen.contains(&action) {
            continue;
        }
        seen.push(action);
        findings.extend(rung(google, action).await);
    }
    findings
}

async fn rung(google: &Google, action: &Action) -> Vec<Finding> {
    let what = action.to_string();
    let mut findings = Vec::new();
    match try_out(google, action).await {
        Ok(()) => findings.push(Finding::ready(
            &what,
            "can be read, and the change would be accepted",
        )),
        Err(error) => findings.push(Finding::missing(&what, refused(action, &error))),
    }
    match missing_permissions(google, action).await {
        Ok(missing) if missing.is_empty() => {}
        Ok(missing) => findings.push(Finding::missing(
            &what,
            format!(
                "grant {} on {}",
                missing.join(", "),
                action.resource.project()
            ),
        )),
        Err(error) => findings.push(Finding::warning(
            &what,
            format!("permissions are not known: {}", error.line()),
        )),
    }
    findings.extend(labels(google, action).await);
    findings.extend(tagged(google, action).await);
    findings
}

/// A revision that is reached by a tag of its own keeps the minimum it was deployed with, or starts when it is asked.
async fn tagged(google: &Google, action: &Action) -> Option<Finding> {
    let scales = matches!(
        action.verb,
        Verb::RunMinInstances(_) | Verb::RunMaxInstances(_) | Verb::RunDisable
    );
    if !scales {
        return None;
    }
    // A service that cannot be read has been told by now.
    let tags = actions::revision_tags(google, &action.resource)
        .await
        .unwrap_or_default();
    let note = format!(
        "revisions with a traffic tag may go on by themselves: {}; remove the tags with `gcloud run services update-traffic --remove-tags`",
        tags.join(", ")
    );
    (!tags.is_empty()).then(|| Finding::warning(action.to_string(), note))
}

async fn try_out(google: &Google, action: &Action) -> Result<(), CallError> {
    for lever in actions::levers_of(action.verb) {
        let seen = lever.read(google, &action.resource).await?;
        let target = lever.target(&seen.value, action.verb);
        lever.rehearse(google, &action.resource, &target).await?;
    }
    Ok(())
}

fn refused(action: &Action, error: &CallError) -> String {
    if error.is_forbidden() {
        let permissions = actions::permissions(action.verb).join(", ");
        return format!(
            "grant {permissions} on {}: {}",
            action.resource.path,
            error.line()
        );
    }
    error.line()
}

/// Asked of the project: a grant on a resource alone does not show, and is then warned of needlessly.
async fn missing_permissions(google: &Google, action: &Action) -> Result<Vec<String>, CallError> {
    let path = format!(
        "/v3/projects/{}:testIamPermissions",
        action.resource.project()
    );
    let wanted = actions::permissions(action.verb);
    let body = json!({"permissions": wanted});
    let answer = google
        .change(Api::Projects, Method::POST, &path, &body)
        .await?;
    let granted: Vec<&Value> = answer["permissions"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let missing = wanted
        .iter()
        .filter(|wanted| !granted.iter().any(|granted| *granted == **wanted));
    Ok(missing.copied().map(str::to_owned).collect())
}

async fn labels(google: &Google, action: &Action) -> Vec<Finding> {
    let labels: BTreeMap<String, String> = actions::labels(google, &action.resource)
        .await
        .unwrap_or_default();
    let carries = |label: (&str, &str)| labels.get(label.0).is_some_and(|value| value == label.1);
    let mut findings = Vec::new();
    if carries(PROTECT) {
        let note = format!(
            "the label {}={} protects it: it is left alone",
            PROTECT.0, PROTECT.1
        );
        findings.push(Finding::warning(action.to_string(), note));
    }
    if action.unlinks_billing() && !carries(ARMED) {
        let note = format!(
            "not armed: the project does not carry the label {}={}; `budget-guard arm {}` says how",
            ARMED.0, ARMED.1, action.resource.path
        );
        findings.push(Finding::warning(action.to_string(), note));
    }
    findings
}
