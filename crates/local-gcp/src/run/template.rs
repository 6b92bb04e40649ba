//! Templates: what Google fills in, what it refuses, and when two of them are the same.

use super::scaling;
use crate::{google::schema::Object, http::ApiError};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Labels and annotations with these prefixes have fields of their own in v2.
const RESERVED_PREFIXES: [&str; 4] = [
    "run.googleapis.com",
    "cloud.googleapis.com",
    "serving.knative.dev",
    "autoscaling.knative.dev",
];

/// Environment variables that Cloud Run sets itself.
const RESERVED_ENV: [&str; 4] = ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"];

const LONGEST_REQUEST_TIMEOUT: i64 = 3600;
const LONGEST_TASK_TIMEOUT: i64 = 168 * 3600;

/// Whether a label or an annotation has a field of its own in v2.
pub(super) fn is_reserved(key: &str) -> bool {
    RESERVED_PREFIXES.contains(&key.split('/').next().unwrap_or_default())
}

/// Refuses reserved prefixes, and labels that are not labels. `at` is the field that holds both.
pub(super) fn check_metadata(of: &Object, at: &str) -> Result<(), ApiError> {
    for (field, what) in [("labels", "label"), ("annotations", "annotation")] {
        for (key, value) in of
            .get(field)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let prefix = key.split('/').next().unwrap_or_default();
            if is_reserved(key) {
                return Err(ApiError::invalid(format!(
                    "{at}{field}: the {what} {key:?} has the system prefix {prefix}, which v2 refuses: use the field \
                     that replaces it"
                )));
            }
            // What gcloud adds to templates, so that they differ.
            if field == "labels" && prefix != "client.knative.dev" {
                check_label(at, key, value.as_str().unwrap_or_default())?;
            }
        }
    }
    Ok(())
}

fn check_label(at: &str, key: &str, value: &str) -> Result<(), ApiError> {
    let legal = |text: &str| {
        text.chars().count() <= 63
            && text.chars().all(|c| {
                c.is_lowercase()
                    || c.is_numeric()
                    || "-_".contains(c)
                    || (!c.is_ascii() && c.is_alphabetic())
            })
    };
    let good_key = key.starts_with(|c: char| c.is_lowercase() || !c.is_ascii()) && legal(key);
    if good_key && legal(value) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{at}labels: {key:?}: {value:?} is not a label. Keys and values have at most 63 lowercase letters, digits, \
         dashes and underscores, and a key begins with a letter"
    )))
}

/// Fills in and checks the template of a service or worker pool; only services serve.
pub(super) fn settle(
    template: &mut Object,
    serves: bool,
    service_account: &str,
) -> Result<(), ApiError> {
    check_metadata(template, "template.")?;
    default(template, "serviceAccount", service_account.into());
    if serves {
        default(template, "timeout", "300s".into());
        default(template, "maxInstanceRequestConcurrency", 80.into());
        settle_scaling(template)?;
        check_timeout(template, "template.timeout", LONGEST_REQUEST_TIMEOUT)?;
    }
    settle_containers(template, "template.containers", serves)
}

/// Fills in and checks the template of a job's tasks.
pub(super) fn settle_task(task: &mut Object, service_account: &str) -> Result<(), ApiError> {
    default(task, "serviceAccount", service_account.into());
    default(task, "timeout", "600s".into());
    default(task, "maxRetries", 3.into());
    default(
        task,
        "executionEnvironment",
        "EXECUTION_ENVIRONMENT_GEN2".into(),
    );
    check_timeout(task, "template.template.timeout", LONGEST_TASK_TIMEOUT)?;
    settle_containers(task, "template.template.containers", false)
}

/// What a revision may grow to when nobody says so.
const DEFAULT_MAX_INSTANCES: i64 = 100;

fn settle_scaling(template: &mut Object) -> Result<(), ApiError> {
    default(template, "scaling", json!({}));
    let Some(Value::Object(scaling)) = template.get_mut("scaling") else {
        return Ok(());
    };
    if scaling.get("minInstanceCount").is_some_and(|n| *n == 0) {
        scaling.remove("minInstanceCount");
    }
    if scaling.get("maxInstanceCount").is_none_or(|n| *n == 0) {
        let least = scaling.get("minInstanceCount").and_then(Value::as_i64);
        let most = DEFAULT_MAX_INSTANCES.max(least.unwrap_or(0));
        scaling.insert("maxInstanceCount".to_owned(), most.into());
    }
    scaling::check_counts(scaling)
        .map_err(|error| ApiError::invalid(format!("template.{}", error.message)))
}

fn check_timeout(of: &Object, at: &str, longest: i64) -> Result<(), ApiError> {
    let timeout = of.get("timeout").and_then(Value::as_str);
    let timeout = timeout.and_then(crate::google::json::parse_duration);
    match timeout.map(|timeout| timeout.as_secs()) {
        Some(seconds) if !(1..=longest).contains(&seconds) => Err(ApiError::invalid(format!(
            "{at}: should be between 1 and {longest} seconds, but is {seconds}"
        ))),
        _ => Ok(()),
    }
}

fn settle_containers(template: &mut Object, at: &str, serves: bool) -> Result<(), ApiError> {
    let containers = match template.get_mut("containers") {
        Some(Value::Array(containers)) if !containers.is_empty() => containers,
        _ => {
            return Err(ApiError::invalid(format!(
                "{at}: Revision template should contain at least one container"
            )));
        }
    };
    let alone = containers.len() == 1;
    for (n, container) in containers.iter_mut().enumerate() {
        if let Value::Object(container) = container {
            settle_container(container, &format!("{at}[{n}]"), serves && alone)?;
        }
    }
    Ok(())
}

fn settle_container(container: &mut Object, at: &str, serves: bool) -> Result<(), ApiError> {
    let image = container.get("image").and_then(Value::as_str);
    if image.is_none_or(str::is_empty) {
        return Err(ApiError::invalid(format!("{at}.image: an image is needed")));
    }
    check_env(container, at)?;
    if serves {
        default(
            container,
            "ports",
            json!([{ "name": "http1", "containerPort": 8080 }]),
        );
    }
    // CPU is idle between requests unless the resources are given and say nothing of it.
    default(
        container,
        "resources",
        if serves {
            json!({ "cpuIdle": true, "startupCpuBoost": true })
        } else {
            json!({})
        },
    );
    if let Some(Value::Object(resources)) = container.get_mut("resources") {
        default(resources, "limits", json!({}));
        if let Some(Value::Object(limits)) = resources.get_mut("limits") {
            default(limits, "cpu", "1000m".into());
            default(limits, "memory", "512Mi".into());
        }
    }
    Ok(())
}

fn check_env(container: &Object, at: &str) -> Result<(), ApiError> {
    let env = container.get("env").and_then(Value::as_array);
    let names = env
        .into_iter()
        .flatten()
        .map(|e| e["name"].as_str().unwrap_or_default());
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() || name.contains('=') {
            return Err(ApiError::invalid(format!(
                "{at}.env: {name:?} is not a name"
            )));
        }
        if RESERVED_ENV.contains(&name) {
            return Err(ApiError::invalid(format!(
                "{at}.env: The following reserved env names were provided: {name}. These values are automatically set by \
                 the system."
            )));
        }
        if !seen.insert(name) {
            return Err(ApiError::invalid(format!(
                "{at}.env: {name} is given twice"
            )));
        }
    }
    Ok(())
}

pub(super) fn default(of: &mut Object, field: &str, value: Value) {
    if !of.contains_key(field) {
        of.insert(field.to_owned(), value);
    }
}

/// Whether two templates make the same revision: the name of the revision does not count, and neither does whether a
/// default is written out.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    let told = |template: &Value| {
        let mut template = template.clone();
        if let Value::Object(fields) = &mut template {
            fields.remove("revision");
        }
        bare(template)
    };
    told(a) == told(b)
}

/// `value` without what proto3 does not tell from absence; `None` when nothing is left.
fn bare(value: Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Number(n) if n.as_f64() == Some(0.0) => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let kept: Object = fields.filter_map(|(k, v)| Some((k, bare(v)?))).collect();
            (!kept.is_empty()).then(|| kept.into())
        }
        Value::Array(items) => Some(
            items
                .into_iter()
                .map(|i| bare(i).unwrap_or_default())
                .collect(),
        ),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(value: Value) -> Result<Value, ApiError> {
        let Value::Object(mut template) = value else {
            unreachable!()
        };
        settle(&mut template, true, "sa@demo")?;
        Ok(template.into())
    }

    #[test]
    fn a_template_that_spells_out_the_defaults_is_the_same() {
        let short = template(json!({"containers": [{"image": "i"}]})).unwrap();
        let long = template(json!({
            "revision": "web-a", "sessionAffinity": false, "timeout": "300s", "maxInstanceRequestConcurrency": 80,
            "scaling": {"maxInstanceCount": 100, "minInstanceCount": 0}, "volumes": [],
            "containers": [{"image": "i", "ports": [{"containerPort": 8080, "name": "http1"}], "resources":
                {"limits": {"cpu": "1000m", "memory": "512Mi"}, "cpuIdle": true, "startupCpuBoost": true}}],
        }))
        .unwrap();
        assert!(same(&short, &long));
        let other =
            template(json!({"containers": [{"image": "i", "resources": {"cpuIdle": false}}]}))
                .unwrap();
        assert!(!same(&short, &other));
    }

    #[test]
    fn what_cloud_run_refuses_is_refused() {
        let with = |field: &str, value: Value| {
            let mut body = json!({"containers": [{"image": "i"}]});
            body[field] = value;
            template(body).unwrap_err().message
        };
        for (field, value, wanted) in [
            ("containers", json!([]), "at least one container"),
            ("containers", json!([{}]), "image"),
            (
                "containers",
                json!([{"image": "i", "env": [{"name": "PORT", "value": "1"}]}]),
                "reserved env",
            ),
            ("timeout", json!("3601s"), "template.timeout"),
            (
                "scaling",
                json!({"minInstanceCount": 3, "maxInstanceCount": 2}),
                "template.min_instance_count 3",
            ),
            (
                "annotations",
                json!({"autoscaling.knative.dev/minScale": "1"}),
                "system prefix",
            ),
            ("labels", json!({"Team": "x"}), "is not a label"),
        ] {
            let message = with(field, value);
            assert!(message.contains(wanted), "{message}");
        }
    }
}
