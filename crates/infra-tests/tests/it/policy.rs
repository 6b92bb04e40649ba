//! Rules of the house about what is made, each held against a whole plan. A rule says what breaks it.

use crate::{
    plan::{Plan, Resource},
    terraform::repository,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What breaks the rules.
pub(crate) fn broken(environment: &str, plan: &Plan) -> Vec<String> {
    let mut broken = Vec::new();
    for resource in plan.resources() {
        let rules = [
            granted_to_everybody,
            too_much_granted,
            bucket_that_can_be_public,
            image_by_tag,
            push_without_a_way_out,
            value_of_a_secret,
        ];
        let found = rules.iter().filter_map(|rule| rule(&resource));
        let found = found.chain(granted_on_the_whole_project(&resource, plan));
        broken.extend(found.map(|why| format!("{environment}: {}: {why}", resource.address)));
    }
    broken.extend(alerts_without_a_runbook(plan));
    if environment == "production" {
        broken.extend(unprotected(plan));
    }
    broken
}

/// Every text anywhere in a value.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

fn texts_of(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    texts(value, &mut found);
    found
}

fn granted_to_everybody(resource: &Resource) -> Option<String> {
    let open =
        |text: &&str| text.starts_with("allUsers") || text.starts_with("allAuthenticatedUsers");
    let everybody = texts_of(resource.after).into_iter().find(open)?;
    Some(format!("a grant to {everybody}"))
}

fn too_much_granted(resource: &Resource) -> Option<String> {
    if resource.kind == "google_project_iam_custom_role" {
        let permissions = texts_of(&resource.after["permissions"]);
        let wild = permissions.is_empty()
            || permissions
                .iter()
                .any(|permission| permission.contains('*'));
        return wild.then(|| format!("permissions {permissions:?}"));
    }
    let role = resource.after["role"].as_str()?;
    let primitive = ["roles/owner", "roles/editor", "roles/viewer"].contains(&role);
    (primitive || role.to_lowercase().ends_with("admin")).then(|| format!("grants {role}"))
}

/// Permissions that Google grants on nothing smaller than a project.
const OF_PROJECTS: [&str; 6] = [
    "cloudscheduler.jobs.",
    "compute.zoneOperations.get",
    "resourcemanager.projects.",
    "run.operations.get",
    "serviceusage.quotas.",
    // Reading lists shows names and settings, and no data.
    ".list",
];

fn granted_on_the_whole_project(resource: &Resource, plan: &Plan) -> Option<String> {
    match resource.kind {
        "google_project_iam_binding" | "google_project_iam_policy" => {
            return Some("takes the grants of others away".to_owned());
        }
        "google_project_iam_member" if blocks(&resource.after["condition"]) != 1 => {}
        _ => return None,
    }
    // `google_project_iam_member.reached["ROLE projects/PROJECT"]`, as reach.tf names them; elsewhere both have one name.
    let key = resource.address.split('"').nth(1);
    let granted = match key.and_then(|key| key.split_once(" projects/")) {
        Some((role, project)) => {
            format!("google_project_iam_custom_role.this[\"{project} {role}\"]")
        }
        None => resource.address.replace(
            "google_project_iam_member",
            "google_project_iam_custom_role",
        ),
    };
    let Some(granted) = plan.resources().find(|other| other.address == granted) else {
        return Some("a grant on the whole project of a role that is not ours".to_owned());
    };
    let permissions = texts_of(&granted.after["permissions"]);
    let narrower = permissions.into_iter().find(|permission| {
        !OF_PROJECTS
            .iter()
            .any(|known| permission.starts_with(known) || permission.ends_with(known))
    })?;
    Some(format!(
        "{narrower} on the whole project: it can be granted on less"
    ))
}

fn blocks(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

fn bucket_that_can_be_public(resource: &Resource) -> Option<String> {
    let private = resource.after["public_access_prevention"] == "enforced"
        && resource.after["uniform_bucket_level_access"] == true;
    (resource.kind == "google_storage_bucket" && !private).then(|| "can be made public".to_owned())
}

fn runs_a_container(resource: &Resource) -> bool {
    ["google_cloud_run_v2_service", "google_cloud_run_v2_job"].contains(&resource.kind)
}

fn image_by_tag(resource: &Resource) -> Option<String> {
    let mut texts = texts_of(&resource.after["template"]).into_iter();
    let image = texts.find(|text| text.contains("-docker.pkg.dev/"));
    let by_digest = image.is_some_and(|image| image.contains("@sha256:"));
    (runs_a_container(resource) && !by_digest).then(|| format!("runs {image:?}"))
}

fn push_without_a_way_out(resource: &Resource) -> Option<String> {
    let after = resource.after;
    if blocks(&after["push_config"]) == 0 {
        return None;
    }
    if blocks(&after["dead_letter_policy"]) != 1 {
        return Some("what can never succeed comes for ever".to_owned());
    }
    let audience = &after["push_config"][0]["oidc_token"][0]["audience"];
    (!audience.is_string()).then(|| "pushes without a token for its service".to_owned())
}

fn value_of_a_secret(resource: &Resource) -> Option<String> {
    let holds_one = match resource.kind {
        "google_secret_manager_secret_version" => true,
        // One of IAM's has no password.
        "google_sql_user" => resource.after["password"].is_string(),
        _ => false,
    };
    let in_state = holds_one.then(|| "its value would be in the state".to_owned());
    let template = texts_of(&resource.after["template"]);
    let told = template
        .iter()
        .any(|text| text.contains("password=") || text.contains("PRIVATE KEY"));
    in_state
        .or_else(|| (runs_a_container(resource) && told).then(|| "is told a password".to_owned()))
}

fn alerts_without_a_runbook(plan: &Plan) -> Vec<String> {
    let alerts = texts_of(plan.output("alerts"));
    let missing = alerts.iter().filter(|alert| {
        let runbook = repository().join(format!("docs/runbooks/{alert}.md"));
        !runbook.is_file()
    });
    let mut broken: Vec<String> = missing
        .map(|alert| format!("docs/runbooks/{alert}.md is missing"))
        .collect();
    let on = plan.output("config").as_object().into_iter().flatten();
    for (function, _) in on {
        let prefix = if function == "budget" {
            "guard-"
        } else {
            function
        };
        if !alerts.iter().any(|alert| alert.starts_with(prefix)) {
            broken.push(format!("{function} is on, and no alert is about it"));
        }
    }
    broken
}

fn unprotected(plan: &Plan) -> Vec<String> {
    let protection = |resource: &Resource| resource.after["deletion_protection"].as_bool();
    let open = plan
        .resources()
        .filter(|resource| protection(resource) == Some(false));
    let mut broken: Vec<String> = open
        .map(|resource| format!("{} can be deleted", resource.address))
        .collect();
    let protected: BTreeSet<&str> = plan
        .resources()
        .filter(|resource| protection(resource) == Some(true))
        .map(|resource| resource.kind)
        .collect();
    let expected = BTreeSet::from([
        "google_cloud_run_v2_job",
        "google_cloud_run_v2_service",
        "google_redis_instance",
        "google_secret_manager_secret",
        "google_sql_database_instance",
    ]);
    if protected != expected {
        broken.push(format!(
            "protected from deletion are {protected:?}, expected {expected:?}"
        ));
    }
    broken
}
