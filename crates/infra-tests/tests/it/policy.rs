//! Rules of the house about what is made, held against the plan of each environment.

use crate::{
    plan::{ENVIRONMENTS, Plan},
    terraform::repository,
};
use anyhow::Result;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every text anywhere in a value.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

fn in_every_environment(rule: impl Fn(&str, &Plan)) -> Result<()> {
    for environment in ENVIRONMENTS {
        if let Some(plan) = Plan::of(environment)? {
            assert!(plan.resources().count() > 20, "{environment} is nearly empty");
            rule(environment, &plan);
        }
    }
    Ok(())
}

#[test]
fn nothing_is_granted_to_everybody() -> Result<()> {
    in_every_environment(|environment, plan| {
        for resource in plan.resources() {
            let mut found = Vec::new();
            texts(resource.after, &mut found);
            let open = found.iter().find(|text| text.starts_with("allUsers") || text.starts_with("allAuth"));
            assert_eq!(open, None, "{environment}: {}", resource.address);
        }
    })
}

#[test]
fn no_role_is_a_primitive_one_or_has_a_wildcard() -> Result<()> {
    const PRIMITIVE: [&str; 3] = ["roles/owner", "roles/editor", "roles/viewer"];
    in_every_environment(|environment, plan| {
        for resource in plan.resources() {
            let role = resource.after["role"].as_str().unwrap_or_default();
            assert!(!PRIMITIVE.contains(&role), "{environment}: {}", resource.address);
            assert!(!role.ends_with("admin"), "{environment}: {} grants {role}", resource.address);
        }
        for role in plan.all("google_project_iam_custom_role") {
            let permissions = role.after["permissions"].as_array().unwrap();
            assert!(!permissions.is_empty(), "{}", role.address);
            for permission in permissions {
                assert!(!permission.as_str().unwrap().contains('*'), "{}", role.address);
            }
        }
    })
}

#[test]
fn nothing_is_granted_on_the_whole_project_without_a_condition() -> Result<()> {
    in_every_environment(|environment, plan| {
        for grant in plan.all("google_project_iam_member") {
            let condition = grant.after["condition"].as_array().map_or(0, Vec::len);
            assert_eq!(condition, 1, "{environment}: {}", grant.address);
        }
        assert!(plan.all("google_project_iam_binding").is_empty());
        assert!(plan.all("google_project_iam_policy").is_empty());
    })
}

#[test]
fn every_bucket_is_private() -> Result<()> {
    in_every_environment(|environment, plan| {
        let buckets = plan.all("google_storage_bucket");
        assert!(!buckets.is_empty(), "{environment}");
        for bucket in buckets {
            assert_eq!(bucket.after["public_access_prevention"], "enforced", "{}", bucket.address);
            assert_eq!(bucket.after["uniform_bucket_level_access"], true, "{}", bucket.address);
        }
    })
}

#[test]
fn images_are_named_by_digest() -> Result<()> {
    in_every_environment(|_, plan| {
        for kind in ["google_cloud_run_v2_service", "google_cloud_run_v2_job"] {
            for resource in plan.all(kind) {
                let mut found = Vec::new();
                texts(&resource.after["template"], &mut found);
                let image = found.iter().find(|text| text.contains("-docker.pkg.dev/")).unwrap();
                assert!(image.contains("@sha256:"), "{}: {image}", resource.address);
            }
        }
    })
}

#[test]
fn production_is_protected_from_deletion() -> Result<()> {
    let Some(plan) = Plan::of("production")? else {
        return Ok(());
    };
    let mut protected = BTreeSet::new();
    for resource in plan.resources() {
        match &resource.after["deletion_protection"] {
            Value::Bool(true) => protected.insert(resource.kind),
            Value::Bool(false) => panic!("{} can be deleted", resource.address),
            _ => continue,
        };
    }
    let expected = [
        "google_cloud_run_v2_job",
        "google_cloud_run_v2_service",
        "google_redis_instance",
        "google_secret_manager_secret",
        "google_sql_database_instance",
    ];
    assert_eq!(protected, BTreeSet::from(expected));
    Ok(())
}

#[test]
fn every_function_that_is_pushed_to_has_a_place_for_what_it_cannot_handle() -> Result<()> {
    in_every_environment(|environment, plan| {
        for subscription in plan.all("google_pubsub_subscription") {
            if subscription.after["push_config"].as_array().is_none_or(Vec::is_empty) {
                continue;
            }
            let policy = subscription.after["dead_letter_policy"].as_array().map_or(0, Vec::len);
            assert_eq!(policy, 1, "{environment}: {}", subscription.address);
            let token = &subscription.after["push_config"][0]["oidc_token"][0]["audience"];
            assert!(token.is_string(), "{environment}: {}", subscription.address);
        }
    })
}

#[test]
fn every_function_has_alerts_and_every_alert_a_runbook() -> Result<()> {
    let Some(plan) = Plan::of("production")? else {
        return Ok(());
    };
    let alerts: Vec<&str> = plan.output("alerts").as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for of in ["backup-", "rotation-", "scaling-", "guard-"] {
        assert!(alerts.iter().any(|alert| alert.starts_with(of)), "no alert {of}…: {alerts:?}");
    }
    for alert in alerts {
        let runbook = repository().join(format!("docs/runbooks/{alert}.md"));
        assert!(runbook.is_file(), "{} is missing", runbook.display());
    }
    Ok(())
}

#[test]
fn no_secret_has_its_value_in_terraform() -> Result<()> {
    in_every_environment(|environment, plan| {
        assert!(plan.all("google_secret_manager_secret_version").is_empty(), "{environment}");
        assert!(plan.all("google_sql_user").is_empty(), "{environment}");
        for kind in ["google_cloud_run_v2_service", "google_cloud_run_v2_job"] {
            for resource in plan.all(kind) {
                let text = resource.after["template"].to_string();
                assert!(!text.contains("password="), "{}", resource.address);
            }
        }
    })
}
