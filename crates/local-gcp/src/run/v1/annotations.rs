//! Annotations of the v1 form that are fields in v2, as tables that are read in both directions.

use crate::{google::schema::Object, http::ApiError};
use serde_json::Value;

/// How an annotation's text stands for a value.
enum Form {
    Text,
    Flag,
    Count,
    /// A JSON document.
    Document,
    /// v1's word, v2's word.
    Words(&'static [(&'static str, &'static str)]),
}

/// An annotation and the v2 field that says the same.
pub(super) struct Mapped {
    annotation: &'static str,
    path: &'static [&'static str],
    form: Form,
}

const fn mapped(annotation: &'static str, path: &'static [&'static str], form: Form) -> Mapped {
    Mapped {
        annotation,
        path,
        form,
    }
}

use Form::{Count, Document, Flag, Text, Words};

/// Annotations of a service.
pub(super) const SERVICE: [Mapped; 13] = [
    mapped("run.googleapis.com/description", &["description"], Text),
    mapped("run.googleapis.com/client-name", &["client"], Text),
    mapped(
        "run.googleapis.com/client-version",
        &["clientVersion"],
        Text,
    ),
    mapped("run.googleapis.com/launch-stage", &["launchStage"], Text),
    mapped(
        "run.googleapis.com/ingress",
        &["ingress"],
        Words(&[
            ("all", "INGRESS_TRAFFIC_ALL"),
            ("internal", "INGRESS_TRAFFIC_INTERNAL_ONLY"),
            (
                "internal-and-cloud-load-balancing",
                "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            ),
            ("none", "INGRESS_TRAFFIC_NONE"),
        ]),
    ),
    mapped(
        "run.googleapis.com/minScale",
        &["scaling", "minInstanceCount"],
        Count,
    ),
    mapped(
        "run.googleapis.com/maxScale",
        &["scaling", "maxInstanceCount"],
        Count,
    ),
    mapped(
        "run.googleapis.com/manualInstanceCount",
        &["scaling", "manualInstanceCount"],
        Count,
    ),
    mapped(
        "run.googleapis.com/scalingMode",
        &["scaling", "scalingMode"],
        Words(&[("manual", "MANUAL"), ("automatic", "AUTOMATIC")]),
    ),
    mapped(
        "run.googleapis.com/custom-audiences",
        &["customAudiences"],
        Document,
    ),
    mapped(
        "run.googleapis.com/default-url-disabled",
        &["defaultUriDisabled"],
        Flag,
    ),
    mapped(
        "run.googleapis.com/invoker-iam-disabled",
        &["invokerIamDisabled"],
        Flag,
    ),
    mapped("run.googleapis.com/iap-enabled", &["iapEnabled"], Flag),
];

/// Annotations of a template.
pub(super) const TEMPLATE: [Mapped; 12] = [
    mapped(
        "autoscaling.knative.dev/minScale",
        &["scaling", "minInstanceCount"],
        Count,
    ),
    mapped(
        "autoscaling.knative.dev/maxScale",
        &["scaling", "maxInstanceCount"],
        Count,
    ),
    mapped("run.googleapis.com/client-name", &["client"], Text),
    mapped(
        "run.googleapis.com/client-version",
        &["clientVersion"],
        Text,
    ),
    mapped(
        "run.googleapis.com/execution-environment",
        &["executionEnvironment"],
        Words(&[
            ("gen1", "EXECUTION_ENVIRONMENT_GEN1"),
            ("gen2", "EXECUTION_ENVIRONMENT_GEN2"),
        ]),
    ),
    mapped(
        "run.googleapis.com/sessionAffinity",
        &["sessionAffinity"],
        Flag,
    ),
    mapped(
        "run.googleapis.com/vpc-access-connector",
        &["vpcAccess", "connector"],
        Text,
    ),
    mapped(
        "run.googleapis.com/vpc-access-egress",
        &["vpcAccess", "egress"],
        Words(&[
            ("all-traffic", "ALL_TRAFFIC"),
            ("private-ranges-only", "PRIVATE_RANGES_ONLY"),
        ]),
    ),
    mapped(
        "run.googleapis.com/network-interfaces",
        &["vpcAccess", "networkInterfaces"],
        Document,
    ),
    mapped(
        "run.googleapis.com/encryption-key",
        &["encryptionKey"],
        Text,
    ),
    mapped(
        "run.googleapis.com/health-check-disabled",
        &["healthCheckDisabled"],
        Flag,
    ),
    mapped(
        "run.googleapis.com/gpu-zonal-redundancy-disabled",
        &["gpuZonalRedundancyDisabled"],
        Flag,
    ),
];

/// Moves the annotations of `table` into the fields of `of`. A field whose annotation is absent is cleared.
pub(super) fn to_fields(
    table: &[Mapped],
    annotations: &mut Object,
    of: &mut Object,
) -> Result<(), ApiError> {
    for mapped in table {
        match annotations.remove(mapped.annotation) {
            None => clear(of, mapped.path),
            Some(text) => set(of, mapped.path, mapped.read(&text)?),
        }
    }
    Ok(())
}

/// Adds the annotations that say what the fields of `of` say.
pub(super) fn from_fields(table: &[Mapped], of: &Object, annotations: &mut Object) {
    for mapped in table {
        let field = mapped.path.iter().skip(1).fold(
            mapped.path.first().and_then(|first| of.get(*first)),
            |value, part| value.and_then(|value| value.get(part)),
        );
        if let Some(text) = field.and_then(|value| mapped.form.write(value)) {
            annotations.insert(mapped.annotation.to_owned(), text.into());
        }
    }
}

impl Mapped {
    fn read(&self, text: &Value) -> Result<Value, ApiError> {
        let text = text.as_str().unwrap_or_default();
        let value = match &self.form {
            Text => Some(text.into()),
            Flag => text
                .to_ascii_lowercase()
                .parse::<bool>()
                .ok()
                .map(Value::from),
            Count => text.parse::<u32>().ok().map(Value::from),
            Document => serde_json::from_str(text).ok(),
            Words(words) => {
                let found = words.iter().find(|(v1, _)| v1.eq_ignore_ascii_case(text));
                found.map(|(_, v2)| Value::from(*v2))
            }
        };
        value.ok_or_else(|| {
            ApiError::invalid(format!(
                "metadata.annotations[{}]: {text:?} is not a value that it takes",
                self.annotation
            ))
        })
    }
}

impl Form {
    fn write(&self, value: &Value) -> Option<String> {
        match self {
            Text => value.as_str().map(str::to_owned),
            Flag => Some("true".to_owned()).filter(|_| *value == true),
            Count => value.as_i64().map(|count| count.to_string()),
            Document => Some(value.to_string()),
            Words(words) => {
                let found = words.iter().find(|(_, v2)| value == v2);
                found.map(|(v1, _)| (*v1).to_owned())
            }
        }
    }
}

fn set(of: &mut Object, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        of.insert((*first).to_owned(), value);
        return;
    }
    let inner = of.entry(*first).or_insert_with(|| Object::new().into());
    if let Value::Object(inner) = inner {
        set(inner, rest, value);
    }
}

/// Removes a field, and what is empty then.
fn clear(of: &mut Object, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let gone = match of.get_mut(*first) {
        Some(Value::Object(inner)) if !rest.is_empty() => {
            clear(inner, rest);
            inner.is_empty()
        }
        _ => rest.is_empty(),
    };
    if gone {
        of.remove(*first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        match value {
            Value::Object(object) => object,
            _ => Object::new(),
        }
    }

    #[test]
    fn fields_become_annotations_and_fields_again() {
        let fields = object(json!({
            "scaling": {"minInstanceCount": 2, "scalingMode": "MANUAL"}, "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY",
            "customAudiences": ["a"], "iapEnabled": true,
        }));
        let mut annotations = Object::new();
        from_fields(&SERVICE, &fields, &mut annotations);
        assert_eq!(annotations["run.googleapis.com/minScale"], "2");
        assert_eq!(annotations["run.googleapis.com/ingress"], "internal");
        let mut back = object(json!({"scaling": {"maxInstanceCount": 9}, "labels": {"kept": "x"}}));
        to_fields(&SERVICE, &mut annotations, &mut back).unwrap();
        assert!(annotations.is_empty(), "{annotations:?}");
        assert_eq!(back.remove("labels"), Some(json!({"kept": "x"})));
        assert_eq!(back, fields);
    }

    #[test]
    fn an_annotation_with_a_wrong_value_is_refused_by_name() {
        let mut annotations = object(json!({"run.googleapis.com/minScale": "two"}));
        let error = to_fields(&SERVICE, &mut annotations, &mut Object::new()).unwrap_err();
        assert!(
            error.message.contains("run.googleapis.com/minScale"),
            "{}",
            error.message
        );
    }
}
