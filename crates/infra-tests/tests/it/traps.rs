//! What the schema admits and Google does not, or what it admits and somebody regrets later: each rule is a failure that others had.

use crate::{
    plan::{Plan, Resource},
    terraform::repository,
};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fs;

/// The traps that a plan falls into.
pub(crate) fn fallen_into(plan: &Plan) -> Result<Vec<String>> {
    let text = fs::read_to_string(repository().join("infra/schema/google-8.7.0.json"))?;
    let schema: Value = serde_json::from_str(&text)?;
    let types = &schema["provider_schemas"]["hashicorp/google"]["resource_schemas"];
    let mut fallen = Vec::new();
    for resource in plan.resources() {
        let block = types
            .get(resource.kind)
            .with_context(|| format!("the schema has no {}", resource.kind))?;
        let mut found = Vec::new();
        unknown_values(resource.after, &block["block"], "", &mut found);
        let rules = [absence, budget, probes, schedule, subscription, uptime];
        found.extend(rules.iter().filter_map(|rule| rule(&resource)));
        fallen.extend(
            found
                .iter()
                .map(|why| format!("{}: {why}", resource.address)),
        );
    }
    fallen.extend(dead_letters_without_grants(plan));
    Ok(fallen)
}

/// Values that are none of those that the documentation lists as the only ones.
fn unknown_values(value: &Value, block: &Value, path: &str, found: &mut Vec<String>) {
    let attributes = block["attributes"].as_object().into_iter().flatten();
    for (name, attribute) in attributes {
        let (Some(known), Some(text)) = (attribute["x_enum"].as_array(), value[name].as_str())
        else {
            continue;
        };
        // What Terraform's mocks make up for a computed attribute.
        let made_up = text.len() == 8
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let mocked = made_up && attribute["computed"] == true;
        if !mocked && !known.iter().any(|known| known == text) {
            found.push(format!(
                "{path}{name} is {text:?}, and not one of {known:?}"
            ));
        }
    }
    let blocks = block["block_types"].as_object().into_iter().flatten();
    for (name, nested) in blocks {
        for value in value[name].as_array().into_iter().flatten() {
            unknown_values(value, &nested["block"], &format!("{path}{name}."), found);
        }
    }
}

/// The first block of a name.
fn block<'a>(value: &'a Value, names: &[&str]) -> &'a Value {
    names.iter().fold(value, |value, name| &value[*name][0])
}

fn absence(resource: &Resource) -> Option<String> {
    let conditions = resource.after["conditions"]
        .as_array()
        .into_iter()
        .flatten();
    let durations = conditions
        .filter_map(|condition| block(condition, &["condition_absent"])["duration"].as_str());
    let seconds = durations.filter_map(|text| text.strip_suffix('s')?.parse::<u64>().ok());
    let longest = seconds.max()?;
    (longest > 84_600).then(|| format!("waits {longest} s; absence is seen for 23.5 h at most"))
}

fn budget(resource: &Resource) -> Option<String> {
    if resource.kind != "google_billing_budget" {
        return None;
    }
    let projects = block(resource.after, &["budget_filter"])["projects"].as_array();
    let by_id = projects.into_iter().flatten().find(|project| {
        let number = project
            .as_str()
            .and_then(|name| name.strip_prefix("projects/"));
        !number.is_some_and(|number| number.chars().all(|c| c.is_ascii_digit()))
    })?;
    Some(format!(
        "{by_id} comes back as a number: every plan would differ"
    ))
}

fn probes(resource: &Resource) -> Option<String> {
    let container = block(resource.after, &["template", "containers"]);
    let mut probes = ["startup_probe", "liveness_probe"].map(|name| (name, &container[name][0]));
    let late = probes.iter_mut().find(|(_, probe)| {
        let seconds = |key: &str| probe[key].as_u64().unwrap_or_default();
        seconds("timeout_seconds") > seconds("period_seconds")
    })?;
    Some(format!("{} waits longer than its period", late.0))
}

fn schedule(resource: &Resource) -> Option<String> {
    let target = block(resource.after, &["http_target"]);
    if !target.is_object() {
        return None;
    }
    // Of a service that is yet to be made it is not known, and none of Google's.
    let uri = target["uri"].as_str().unwrap_or_default();
    if uri.contains("setIamPolicy") {
        return Some("setIamPolicy scales nothing".to_owned());
    }
    let identity = block(target, &["oidc_token"]);
    if uri.contains(".googleapis.com") {
        return identity
            .is_object()
            .then(|| "Google's APIs take oauth_token".to_owned());
    }
    // Without it the audience is the whole address, which a strict verifier refuses.
    (!identity["audience"].is_string()).then(|| "calls without an audience".to_owned())
}

fn subscription(resource: &Resource) -> Option<String> {
    if resource.kind != "google_pubsub_subscription" {
        return None;
    }
    let expires = block(resource.after, &["expiration_policy"])["ttl"] != "";
    let pushes = block(resource.after, &["push_config"]).is_object();
    let retries = block(resource.after, &["retry_policy"]).is_object();
    if expires {
        return Some("is deleted when it was idle for 31 days".to_owned());
    }
    (pushes && !retries).then(|| "is pushed again without a pause".to_owned())
}

fn uptime(resource: &Resource) -> Option<String> {
    let host = block(resource.after, &["monitored_resource"])["labels"]["host"].as_str()?;
    host.contains('/')
        .then(|| format!("{host} is an address, and no host"))
}

/// Pub/Sub's agent needs two grants to lay a message aside, and nothing fails without them.
fn dead_letters_without_grants(plan: &Plan) -> Vec<String> {
    let granted = |module: &str, kind: &str, role: &str| {
        plan.resources().any(|resource| {
            resource.address.starts_with(module)
                && resource.kind == kind
                && resource.after["role"] == role
        })
    };
    let pushing = plan.resources().filter(|resource| {
        resource.kind == "google_pubsub_subscription"
            && block(resource.after, &["dead_letter_policy"]).is_object()
    });
    let lacking = pushing.filter(|resource| {
        let module = resource
            .address
            .split(".google_")
            .next()
            .unwrap_or_default();
        !(granted(
            module,
            "google_pubsub_topic_iam_member",
            "roles/pubsub.publisher",
        ) && granted(
            module,
            "google_pubsub_subscription_iam_member",
            "roles/pubsub.subscriber",
        ))
    });
    lacking
        .map(|resource| format!("{}: nothing may be laid aside", resource.address))
        .collect()
}

#[test]
fn what_moves_by_itself_is_left_alone() -> Result<()> {
    for (file, ignored) in [
        ("rotating-secret", "rotation[0].next_rotation_time"),
        ("rotating-secret", "version_aliases"),
        ("service", "scaling"),
        ("service", "traffic"),
        ("service", "template[0].containers[0].image"),
        ("function-service", "template[0].containers[0].image"),
        (
            "function-job",
            "template[0].template[0].containers[0].image",
        ),
        ("database", "settings[0].activation_policy"),
    ] {
        let hcl = fs::read_to_string(repository().join(format!("infra/modules/{file}/main.tf")))?;
        let lists = hcl.split("ignore_changes = [").skip(1);
        let found = lists
            .filter_map(|rest| rest.split("\n  }").next())
            .any(|list| list.contains(ignored));
        assert!(found, "{file}: each apply would undo {ignored}");
    }
    Ok(())
}

#[test]
fn a_value_that_is_none_is_found() {
    let block = serde_json::json!({
        "attributes": { "mode": { "x_enum": ["A", "B"], "computed": true } },
        "block_types": { "inner": { "block": { "attributes": { "mode": { "x_enum": ["A"] } } } } },
    });
    let found = |value: Value| {
        let mut found = Vec::new();
        unknown_values(&value, &block, "", &mut found);
        found.len()
    };
    assert_eq!(
        found(serde_json::json!({ "mode": "A", "inner": [{ "mode": "A" }] })),
        0
    );
    assert_eq!(
        found(serde_json::json!({ "mode": "ab12cd34" })),
        0,
        "a mock's"
    );
    assert_eq!(
        found(serde_json::json!({ "mode": "C", "inner": [{ "mode": "B" }] })),
        2
    );
}
