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
    let volumes = list(template, "volumes");
    if let Some(databases) = databases(volumes) {
        annotations.insert(DATABASES.to_owned(), databases.into());
    }
    let mut aliases = Aliases::read(project, "");
    let mut spec = Object::new();
    let containers: Vec<Value> = containers
        .iter()
        .map(|container| unmounted(container::to_v1(container, &mut aliases)))
        .collect();
    spec.insert("containers".to_owned(), containers.into());
    let volumes = volumes.iter();
    let volumes: Vec<Value> = volumes
        .filter_map(|volume| container::volume_to_v1(volume, &mut aliases))
        .collect();
    if !volumes.is_empty() {
        spec.insert("volumes".to_owned(), volumes.into());
    }
    if let Some(aliases) = aliases.write() {
        annotations.insert(SECRETS.to_owned(), aliases.into());
    }
    for (v1, v2) in RENAMED {
        if let Some(value) = template.get(v2) {
            spec.insert(v1.to_owned(), value.clone());
        }
    }
    let timeout = template.get("timeout").and_then(Value::as_str);
    if let Some(timeout) = timeout.and_then(json::parse_duration) {
        spec.insert("timeoutSeconds".to_owned(), timeout.as_secs().into());
    }
    let mut metadata = json!({});
    if let Some(labels) = template.get("labels") {
        metadata["labels"] = labels.clone();
    }
    if !annotations.is_empty() {
        metadata["annotations"] = annotations.into();
    }
    if let Some(name) = template.get("revision") {
        metadata["name"] = name.clone();
    }
    let mut of = Object::new();
    of.insert("metadata".to_owned(), metadata);
    of.insert("spec".to_owned(), spec.into());
    of
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

fn unmounted(mut container: Value) -> Value {
    if let Some(mounts) = container["volumeMounts"].as_array_mut() {
        mounts.retain(|mount| mount["name"] != CLOUDSQL);
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
    let empty = Object::new();
    let object = |field: &str| sent.get(field).and_then(Value::as_object).unwrap_or(&empty);
    let (metadata, spec) = (object("metadata"), object("spec"));
    let mut annotations = match metadata.get("annotations") {
        Some(Value::Object(annotations)) => annotations.clone(),
        _ => Object::new(),
    };
    let old = old.map(|(old, _)| old);
    let mut of = old.cloned().unwrap_or_default();
    annotations::to_fields(&TEMPLATE, &mut annotations, &mut of)?;
    for (v1, v2) in [("labels", "labels"), ("name", "revision")] {
        put(&mut of, v2, metadata.get(v1).cloned());
    }
    for (v1, v2) in RENAMED {
        put(
            &mut of,
            v2,
            spec.get(v1).filter(|value| **value != 0).cloned(),
        );
    }
    let timeout = spec.get("timeoutSeconds").and_then(Value::as_i64);
    put(
        &mut of,
        "timeout",
        timeout.map(|seconds| format!("{seconds}s").into()),
    );
    refuse(
        spec,
        "spec.template.spec",
        &["imagePullSecrets", "runtimeClassName"],
    )?;
    let text = |value: Option<Value>| value.and_then(|v| v.as_str().map(str::to_owned));
    let aliases = text(annotations.remove(SECRETS)).unwrap_or_default();
    let aliases = Aliases::read(project, &aliases);
    let cpu = Cpu {
        idle: text(annotations.remove(THROTTLING)).is_none_or(|text| text != "false"),
        boost: text(annotations.remove(BOOST)).is_some_and(|text| text == "true"),
    };
    let databases = text(annotations.remove(DATABASES));
    let containers = containers(spec, old, &aliases, &cpu, databases.is_some())?;
    put(&mut of, "containers", Some(containers.into()));
    let mut volumes = vec![];
    for (n, volume) in list(spec, "volumes").iter().enumerate() {
        let at = format!("spec.template.spec.volumes[{n}]");
        let volume = volume.as_object().unwrap_or(&empty);
        volumes.push(container::volume_to_v2(volume, &aliases, &at)?);
    }
    if let Some(databases) = databases {
        let names: Vec<&str> = databases.split(',').map(str::trim).collect();
        volumes.push(json!({ "name": CLOUDSQL, "cloudSqlInstance": { "instances": names } }));
    }
    put(
        &mut of,
        "volumes",
        Some(volumes.into()).filter(|v: &Value| *v != json!([])),
    );
    let (kept, own) = super::service::sorted(annotations);
    put(
        &mut of,
        "annotations",
        Some(own.into()).filter(|v: &Value| *v != json!({})),
    );
    Ok((of, kept))
}

fn put(of: &mut Object, field: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(of.insert(field.to_owned(), value)),
        None => drop(of.remove(field)),
    }
}

struct Cpu {
    idle: bool,
    boost: bool,
}

fn containers(
    spec: &Object,
    old: Option<&Object>,
    aliases: &Aliases,
    cpu: &Cpu,
    mounts: bool,
) -> Result<Vec<Value>, ApiError> {
    let before = old.map(|old| list(old, "containers")).unwrap_or_default();
    // Where nothing changes, sidecars keep what they say themselves.
    let same_cpu =
        cpu.idle == any(before, "cpuIdle") && cpu.boost == any(before, "startupCpuBoost");
    let empty = Object::new();
    let mut containers = vec![];
    for (n, sent) in list(spec, "containers").iter().enumerate() {
        let at = format!("spec.template.spec.containers[{n}]");
        let old = before
            .iter()
            .find(|old| sent.get("name").is_some() && old["name"] == sent["name"]);
        let old = old.or_else(|| before.get(n));
        let sent = sent.as_object().unwrap_or(&empty);
        let mut container = container::to_v2(sent, old, aliases, &at)?;
        if old.is_none() || !same_cpu {
            let resources = &mut container["resources"];
            resources["cpuIdle"] = cpu.idle.into();
            resources["startupCpuBoost"] = cpu.boost.into();
        }
        if mounts {
            let mount = json!({ "name": CLOUDSQL, "mountPath": "/cloudsql" });
            match container["volumeMounts"].as_array_mut() {
                Some(mounts) => mounts.push(mount),
                None => container["volumeMounts"] = json!([mount]),
            }
        }
        containers.push(container);
    }
    Ok(containers)
}
