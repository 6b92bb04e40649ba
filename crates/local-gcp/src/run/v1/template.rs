//! Revision templates in the v1 form, to and from v2's.

use super::{
    annotations::{self, TEMPLATE},
    container::{self, Aliases, refuse},
};
use crate::{
    google::{json, schema::Object},
    http::ApiError,
    run::template::same,
};
use serde_json::{Value, json};

const THROTTLING: &str = "run.googleapis.com/cpu-throttling";
const BOOST: &str = "run.googleapis.com/startup-cpu-boost";
const DATABASES: &str = "run.googleapis.com/cloudsql-instances";
const SECRETS: &str = "run.googleapis.com/secrets";
/// Databases are a volume and a mount in v2.
const CLOUDSQL: &str = "cloudsql";

/// A v2 template in the v1 form. `kept` are annotations that only v1 has.
pub(super) fn to_v1(template: &Object, kept: &Object, project: &str) -> Object {
    let mut aliases = Aliases::read(project, "");
    let spec = spec_to_v1(template, &mut aliases);
    let mut annotations = annotations_to_v1(template, kept);
    if let Some(aliases) = aliases.write() {
        annotations.insert(SECRETS.to_owned(), aliases.into());
    }
    let mut metadata = Object::new();
    put(&mut metadata, "labels", template.get("labels").cloned());
    put(&mut metadata, "name", template.get("revision").cloned());
    put(
        &mut metadata,
        "annotations",
        unless_empty(annotations.into()),
    );
    let mut of = Object::new();
    of.insert("metadata".to_owned(), metadata.into());
    of.insert("spec".to_owned(), spec.into());
    of
}

/// [`to_v1`] for tasks and worker pools. They are never idle: that their processor is not throttled goes without saying.
pub(super) fn never_idle_to_v1(template: &Object, project: &str) -> Object {
    let mut of = to_v1(template, &Object::new(), project);
    let metadata = of.get_mut("metadata");
    let annotations = metadata.and_then(|metadata| metadata.get_mut("annotations"));
    if let Some(Value::Object(annotations)) = annotations {
        annotations.remove(THROTTLING);
    }
    of
}

fn annotations_to_v1(template: &Object, kept: &Object) -> Object {
    let mut annotations = kept.clone();
    annotations::from_fields(&TEMPLATE, template, &mut annotations);
    if let Some(Value::Object(own)) = template.get("annotations") {
        annotations.extend(own.clone());
    }
    let containers = list(template, "containers");
    // Throttled is v1's default, boosted is not.
    if !any(containers, "cpuIdle") {
        annotations.insert(THROTTLING.to_owned(), "false".into());
    }
    if any(containers, "startupCpuBoost") {
        annotations.insert(BOOST.to_owned(), "true".into());
    }
    if let Some(databases) = databases(list(template, "volumes")) {
        annotations.insert(DATABASES.to_owned(), databases.into());
    }
    annotations
}

fn spec_to_v1(template: &Object, aliases: &mut Aliases) -> Object {
    let mut spec = Object::new();
    let volumes = list(template, "volumes");
    let containers: Vec<Value> = list(template, "containers")
        .iter()
        .map(|container| unmounted(container::to_v1(container, aliases), volumes))
        .collect();
    spec.insert("containers".to_owned(), containers.into());
    let volumes: Vec<Value> = volumes
        .iter()
        .filter_map(|volume| container::volume_to_v1(volume, aliases))
        .collect();
    put(&mut spec, "volumes", unless_empty(volumes.into()));
    for (v1, v2) in RENAMED {
        put(&mut spec, v1, template.get(v2).cloned());
    }
    let timeout = template.get("timeout").and_then(Value::as_str);
    let seconds = timeout
        .and_then(json::parse_duration)
        .map(|timeout| timeout.as_secs());
    put(&mut spec, "timeoutSeconds", seconds.map(Value::from));
    spec
}

fn unless_empty(value: Value) -> Option<Value> {
    Some(value).filter(|value| *value != json!([]) && *value != json!({}))
}

const RENAMED: [(&str, &str); 2] = [
    ("serviceAccountName", "serviceAccount"),
    ("containerConcurrency", "maxInstanceRequestConcurrency"),
];

fn list<'a>(of: &'a Object, field: &str) -> &'a [Value] {
    let list = of.get(field).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn any(containers: &[Value], flag: &str) -> bool {
    containers
        .iter()
        .any(|container| container["resources"][flag] == true)
}

fn databases(volumes: &[Value]) -> Option<String> {
    let volume = volumes
        .iter()
        .find_map(|volume| volume.get("cloudSqlInstance"))?;
    let names = volume["instances"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str);
    Some(names.collect::<Vec<_>>().join(","))
}

/// A container of v1 without the mounts of databases, which v1 has not.
fn unmounted(mut container: Value, volumes: &[Value]) -> Value {
    let of_databases = |mount: &Value| {
        let volume = volumes
            .iter()
            .find(|volume| volume["name"] == mount["name"]);
        volume.is_some_and(|volume| volume.get("cloudSqlInstance").is_some())
    };
    if let Some(Value::Array(mounts)) = container.get_mut("volumeMounts") {
        mounts.retain(|mount| !of_databases(mount));
        if mounts.is_empty()
            && let Some(container) = container.as_object_mut()
        {
            container.remove("volumeMounts");
        }
    }
    container
}

/// A v1 template in the v2 form, and the annotations that v2 has no place for. One that says what the old one says is
/// the old one; what v1 cannot say is taken from there, too.
pub(super) fn to_v2(
    sent: &Object,
    old: Option<(&Object, &Object)>,
    project: &str,
) -> Result<(Object, Object), ApiError> {
    if let Some((old, kept)) = old
        && same(
            &to_v1(old, kept, project).into(),
            &Value::Object(sent.clone()),
        )
    {
        return Ok((old.clone(), kept.clone()));
    }
    let (metadata, spec) = (object(sent, "metadata"), object(sent, "spec"));
    let mut annotations = object(&metadata, "annotations");
    let old = old.map(|(old, _)| old);
    let mut of = old.cloned().unwrap_or_default();
    annotations::to_fields(&TEMPLATE, &mut annotations, &mut of)?;
    put(&mut of, "labels", metadata.get("labels").cloned());
    put(&mut of, "revision", metadata.get("name").cloned());
    for (v1, v2) in RENAMED {
        let value = spec.get(v1).filter(|value| **value != 0);
        put(&mut of, v2, value.cloned());
    }
    let timeout = spec.get("timeoutSeconds").and_then(Value::as_i64);
    let timeout = timeout.map(|seconds| format!("{seconds}s").into());
    put(&mut of, "timeout", timeout);
    refuse(
        &spec,
        "spec.template.spec",
        &["imagePullSecrets", "runtimeClassName"],
    )?;
    let special = Special::take(&mut annotations, project);
    let containers = containers(&spec, old, &special)?;
    put(&mut of, "containers", Some(containers.into()));
    let volumes = volumes(&spec, &special)?;
    put(&mut of, "volumes", unless_empty(volumes.into()));
    let (kept, own) = super::service::sorted(annotations);
    put(&mut of, "annotations", unless_empty(own.into()));
    Ok((of, kept))
}

fn object(of: &Object, field: &str) -> Object {
    let inner = of.get(field).and_then(Value::as_object);
    inner.cloned().unwrap_or_default()
}

/// What annotations say of containers and volumes.
struct Special {
    idle: bool,
    boost: bool,
    databases: Option<String>,
    aliases: Aliases,
}

impl Special {
    fn take(annotations: &mut Object, project: &str) -> Self {
        let mut text = |key: &str| match annotations.remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        Self {
            idle: text(THROTTLING).is_none_or(|text| text != "false"),
            boost: text(BOOST).is_some_and(|text| text == "true"),
            databases: text(DATABASES),
            aliases: Aliases::read(project, &text(SECRETS).unwrap_or_default()),
        }
    }
}

fn volumes(spec: &Object, special: &Special) -> Result<Vec<Value>, ApiError> {
    let mut volumes = vec![];
    for (n, volume) in list(spec, "volumes").iter().enumerate() {
        let at = format!("spec.template.spec.volumes[{n}]");
        if let Value::Object(volume) = volume {
            volumes.push(container::volume_to_v2(volume, &special.aliases, &at)?);
        }
    }
    if let Some(databases) = &special.databases {
        let names: Vec<&str> = databases.split(',').map(str::trim).collect();
        volumes.push(json!({ "name": CLOUDSQL, "cloudSqlInstance": { "instances": names } }));
    }
    Ok(volumes)
}

fn put(of: &mut Object, field: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(of.insert(field.to_owned(), value)),
        None => drop(of.remove(field)),
    }
}

fn containers(
    spec: &Object,
    old: Option<&Object>,
    special: &Special,
) -> Result<Vec<Value>, ApiError> {
    let before = old.map(|old| list(old, "containers")).unwrap_or_default();
    // Where nothing changes, sidecars keep what they say themselves.
    let same_cpu =
        special.idle == any(before, "cpuIdle") && special.boost == any(before, "startupCpuBoost");
    let mut containers = vec![];
    for (n, sent) in list(spec, "containers").iter().enumerate() {
        let at = format!("spec.template.spec.containers[{n}]");
        let old = before
            .iter()
            .find(|old| sent.get("name").is_some() && old["name"] == sent["name"])
            .or_else(|| before.get(n));
        let Value::Object(sent) = sent else { continue };
        let mut container = container::to_v2(sent, old, &special.aliases, &at)?;
        if old.is_none() || !same_cpu {
            let resources = &mut container["resources"];
            resources["cpuIdle"] = special.idle.into();
            resources["startupCpuBoost"] = special.boost.into();
        }
        if special.databases.is_some() {
            mount_databases(&mut container);
        }
        containers.push(container);
    }
    Ok(containers)
}

fn mount_databases(container: &mut Value) {
    let mount = json!({ "name": CLOUDSQL, "mountPath": "/cloudsql" });
    match container["volumeMounts"].as_array_mut() {
        Some(mounts) => mounts.push(mount),
        None => container["volumeMounts"] = json!([mount]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_an_annotation_in_v1_and_a_volume_in_v2() {
        let Value::Object(template) = json!({
            "containers": [
                {"image": "a", "volumeMounts": [{"name": "db", "mountPath": "/cloudsql"}]},
                {"image": "b"},
            ],
            "volumes": [{"name": "db", "cloudSqlInstance": {"instances": ["p:r:i", "p:r:j"]}}],
        }) else {
            unreachable!()
        };
        let kept = Object::new();
        let mut v1 = to_v1(&template, &kept, "demo");
        assert_eq!(v1["metadata"]["annotations"][DATABASES], "p:r:i,p:r:j");
        assert_eq!(
            v1["spec"],
            json!({"containers": [{"image": "a"}, {"image": "b"}]})
        );
        let unchanged = to_v2(&v1, Some((&template, &kept)), "demo").unwrap();
        assert_eq!(unchanged.0, template);
        v1["metadata"]["annotations"][DATABASES] = "p:r:k".into();
        let (changed, _) = to_v2(&v1, Some((&template, &kept)), "demo").unwrap();
        let instances = &changed["volumes"][0]["cloudSqlInstance"]["instances"];
        assert_eq!(*instances, json!(["p:r:k"]));
        let mount = json!([{"name": CLOUDSQL, "mountPath": "/cloudsql"}]);
        assert_eq!(changed["containers"][1]["volumeMounts"], mount);
    }
}
