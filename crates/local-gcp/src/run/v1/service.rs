//! Services in the v1 form: what gcloud reads and writes.

use super::{
    annotations::{self, SERVICE},
    form::{self, Form, KNATIVE, LOCATION, OWN, kept},
    template,
};
use crate::{
    app::App,
    google::schema::Object,
    http::ApiError,
    run::{
        names::{self, Kind},
        resource::Resource,
    },
};
use serde_json::{Value, json};

pub(super) const SERVICES: Form = Form {
    kind: Kind::Service,
    group: KNATIVE,
    collection: "services",
    list: "ServiceList",
    to_v1,
};

/// Annotations that Cloud Run sets itself.
const OUTPUT: [&str; 5] = [
    "serving.knative.dev/creator",
    "serving.knative.dev/lastModifier",
    "run.googleapis.com/ingress-status",
    "run.googleapis.com/operation-id",
    "run.googleapis.com/urls",
];

/// Where a service keeps those of its template.
const OWN_OF_TEMPLATE: &str = "templateAnnotations";

/// Annotations that only v1 may have, and those that v2 shows.
pub(super) fn sorted(annotations: Object) -> (Object, Object) {
    annotations
        .into_iter()
        .partition(|(key, _)| crate::run::template::is_reserved(key))
}

fn to_v1(app: &App, service: &Resource) -> Value {
    let v2 = service.json(app, Kind::Service);
    let (project, _) = names::project_and_region(&service.name);
    let mut metadata = form::metadata(app, service, KNATIVE);
    let annotations = &mut metadata["annotations"];
    annotations["run.googleapis.com/urls"] = v2["urls"].to_string().into();
    if let Some(ingress) = annotations.get("run.googleapis.com/ingress").cloned() {
        annotations["run.googleapis.com/ingress-status"] = ingress;
    }
    let spec = template_of(service);
    let template = template::to_v1(spec, &kept(service, OWN_OF_TEMPLATE), project);
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": { "template": template, "traffic": targets(&service.spec, "traffic") },
        "status": status(&v2),
    })
}

fn template_of(service: &Resource) -> &Object {
    static EMPTY: std::sync::LazyLock<Object> = std::sync::LazyLock::new(Object::new);
    let template = service.spec.get("template").and_then(Value::as_object);
    template.unwrap_or(&EMPTY)
}

fn targets(spec: &Object, field: &str) -> Value {
    let targets = spec.get(field).and_then(Value::as_array);
    targets.into_iter().flatten().map(target_to_v1).collect()
}

fn target_to_v1(target: &Value) -> Value {
    let mut new = json!({});
    let latest = target["type"] == "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";
    if latest {
        new["latestRevision"] = true.into();
    }
    for (v2, v1) in [
        ("percent", "percent"),
        ("tag", "tag"),
        ("uri", "url"),
        ("revision", "revisionName"),
    ] {
        if let Some(value) = target.get(v2) {
            new[v1] = value.clone();
        }
    }
    new
}

fn target_to_v2(target: &Value) -> Result<Value, ApiError> {
    let named = target
        .get("revisionName")
        .filter(|_| target["latestRevision"] != true);
    let latest = target["latestRevision"] == true;
    if named.is_none() && !latest {
        return Err(ApiError::invalid(
            "spec.traffic: a target needs latestRevision or revisionName",
        ));
    }
    let mut new = json!({ "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST" });
    if let Some(name) = named {
        new = json!({ "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": name });
    }
    for field in ["percent", "tag"] {
        if let Some(value) = target.get(field) {
            new[field] = value.clone();
        }
    }
    Ok(new)
}

fn status(v2: &Value) -> Value {
    let revision = |field: &str| names::id(v2[field].as_str().unwrap_or_default()).to_owned();
    let traffic = v2["trafficStatuses"].as_array().into_iter().flatten();
    json!({
        "observedGeneration": form::number(&v2["observedGeneration"]),
        "conditions": form::conditions(v2),
        "latestCreatedRevisionName": revision("latestCreatedRevision"),
        "latestReadyRevisionName": revision("latestReadyRevision"),
        "url": v2["uri"],
        "address": { "url": v2["uri"] },
        "traffic": traffic.map(target_to_v1).collect::<Vec<_>>(),
    })
}

/// What a client wrote, in the v2 form.
pub(super) struct Written {
    pub(super) id: String,
    pub(super) body: Object,
    /// What v2 has no place for.
    pub(super) v1: Object,
    /// The version that the client saw; empty when it does not care.
    pub(super) version: String,
}

/// Reads a service of the v1 form, over the one that is there.
pub(super) fn to_v2(
    sent: &Object,
    old: Option<&Resource>,
    project: &str,
) -> Result<Written, ApiError> {
    let (metadata, spec) = (object(sent, "metadata"), object(sent, "spec"));
    let mut annotations = object(&metadata, "annotations");
    annotations.retain(|key, _| !OUTPUT.contains(&key.as_str()));
    let mut labels = object(&metadata, "labels");
    labels.remove(LOCATION);
    let mut body = old.map(|old| old.spec.clone()).unwrap_or_default();
    annotations::to_fields(&SERVICE, &mut annotations, &mut body)?;
    let (own, shown) = sorted(annotations);
    let (template, own_of_template) = template_to_v2(&spec, old, project)?;
    let traffic = spec.get("traffic").and_then(Value::as_array);
    let traffic = traffic.into_iter().flatten().map(target_to_v2);
    let traffic: Vec<Value> = traffic.collect::<Result<_, _>>()?;
    for (field, value) in [
        ("labels", Value::Object(labels)),
        ("annotations", shown.into()),
        ("template", template.into()),
        ("traffic", traffic.into()),
    ] {
        body.insert(field.to_owned(), value);
    }
    body.retain(|_, value| *value != json!({}) && *value != json!([]));
    let v1 = [(OWN, own), (OWN_OF_TEMPLATE, own_of_template)]
        .into_iter()
        .filter(|(_, annotations)| !annotations.is_empty())
        .map(|(key, annotations)| (key.to_owned(), annotations.into()))
        .collect();
    let text = |field| metadata.get(field).and_then(Value::as_str);
    Ok(Written {
        id: text("name").unwrap_or_default().to_owned(),
        version: text("resourceVersion").unwrap_or_default().to_owned(),
        body,
        v1,
    })
}

fn object(of: &Object, field: &str) -> Object {
    let inner = of.get(field).and_then(Value::as_object);
    inner.cloned().unwrap_or_default()
}

fn template_to_v2(
    spec: &Object,
    old: Option<&Resource>,
    project: &str,
) -> Result<(Object, Object), ApiError> {
    let kept = old.map(|old| kept(old, OWN_OF_TEMPLATE));
    let kept = kept.unwrap_or_default();
    let before = old.map(|old| (template_of(old), &kept));
    template::to_v2(&object(spec, "template"), before, project)
}
