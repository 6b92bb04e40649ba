//! Containers and volumes in the v1 form, to and from v2's.

use crate::{google::schema::Object, http::ApiError};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Fields that both forms have, and with the same meaning.
const ALIKE: [&str; 10] = [
    "name",
    "image",
    "command",
    "args",
    "ports",
    "volumeMounts",
    "workingDir",
    "livenessProbe",
    "startupProbe",
    "readinessProbe",
];

/// Secrets of other projects by the names that v1 gives them: the annotation `run.googleapis.com/secrets`.
#[derive(Default)]
pub(super) struct Aliases {
    /// The project whose secrets need none.
    pub(super) project: String,
    pub(super) secrets: BTreeMap<String, String>,
}

impl Aliases {
    /// `alias:projects/P/secrets/S,…`.
    pub(super) fn read(project: &str, text: &str) -> Self {
        let pairs = text
            .split(',')
            .filter_map(|pair| pair.trim().split_once(':'));
        Self {
            project: project.to_owned(),
            secrets: pairs.map(|(a, s)| (a.to_owned(), s.to_owned())).collect(),
        }
    }

    pub(super) fn write(&self) -> Option<String> {
        let pairs: Vec<_> = self
            .secrets
            .iter()
            .map(|(a, s)| format!("{a}:{s}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join(","))
    }

    /// v2's name of a secret: without a path when it is of the same project.
    fn resolve(&self, name: &Value) -> Value {
        let named = self.secrets.get(name.as_str().unwrap_or_default());
        named.map_or_else(|| name.clone(), |full| full.as_str().into())
    }

    fn shorten(&mut self, secret: &Value) -> Value {
        let text = secret.as_str().unwrap_or_default();
        let parts: Vec<&str> = text.split('/').collect();
        let ["projects", project, "secrets", id] = parts[..] else {
            return secret.clone();
        };
        if project != self.project {
            self.secrets.insert(id.to_owned(), text.to_owned());
        }
        id.into()
    }
}

/// A v2 container in the v1 form.
pub(super) fn to_v1(container: &Value, aliases: &mut Aliases) -> Value {
    let mut of = Object::new();
    for field in ALIKE {
        if let Some(value) = container.get(field) {
            of.insert(field.to_owned(), value.clone());
        }
    }
    if let Some(limits) = container["resources"].get("limits") {
        of.insert("resources".to_owned(), json!({ "limits": limits }));
    }
    let variables = container["env"].as_array().into_iter().flatten();
    let env: Vec<Value> = variables
        .map(|variable| {
            let reference = &variable["valueSource"]["secretKeyRef"];
            if !reference.is_object() {
                return variable.clone();
            }
            let key = reference["version"].as_str().unwrap_or("latest");
            let from = json!({ "name": aliases.shorten(&reference["secret"]), "key": key });
            json!({ "name": variable["name"], "valueFrom": { "secretKeyRef": from } })
        })
        .collect();
    if !env.is_empty() {
        of.insert("env".to_owned(), env.into());
    }
    of.into()
}

/// A v1 container in the v2 form; what v1 cannot say is taken from `old`.
pub(super) fn to_v2(
    sent: &Object,
    old: Option<&Value>,
    aliases: &Aliases,
    at: &str,
) -> Result<Value, ApiError> {
    let mut of = old.and_then(Value::as_object).cloned().unwrap_or_default();
    of.remove("env");
    for field in ALIKE {
        of.remove(field);
        if let Some(value) = sent.get(field) {
            of.insert(field.to_owned(), value.clone());
        }
    }
    refuse(sent, at, &["envFrom", "securityContext"])?;
    let mut resources = match of.remove("resources") {
        Some(Value::Object(resources)) => resources,
        _ => Object::new(),
    };
    let limits = sent
        .get("resources")
        .and_then(|resources| resources.get("limits"));
    match limits {
        Some(limits) => drop(resources.insert("limits".to_owned(), limits.clone())),
        None => drop(resources.remove("limits")),
    }
    of.insert("resources".to_owned(), resources.into());
    let variables = sent.get("env").and_then(Value::as_array);
    let env: Vec<Value> = variables
        .into_iter()
        .flatten()
        .map(|variable| {
            let reference = &variable["valueFrom"]["secretKeyRef"];
            if !reference.is_object() {
                return variable.clone();
            }
            let secret = aliases.resolve(&reference["name"]);
            let from = json!({ "secret": secret, "version": reference["key"] });
            json!({ "name": variable["name"], "valueSource": { "secretKeyRef": from } })
        })
        .collect();
    if !env.is_empty() {
        of.insert("env".to_owned(), env.into());
    }
    Ok(of.into())
}

/// Refuses what is there but cannot be kept.
pub(super) fn refuse(of: &Object, at: &str, fields: &[&str]) -> Result<(), ApiError> {
    match fields.iter().find(|field| of.contains_key(**field)) {
        Some(field) => Err(ApiError::new(
            crate::http::Code::Unimplemented,
            format!("{at}.{field} is not served by local-gcp in the v1 form"),
        )),
        None => Ok(()),
    }
}

const BUCKETS: &str = "gcsfuse.run.googleapis.com";

/// A v2 volume in the v1 form. Cloud SQL's is an annotation there.
pub(super) fn volume_to_v1(volume: &Value, aliases: &mut Aliases) -> Option<Value> {
    let name = &volume["name"];
    if volume.get("cloudSqlInstance").is_some() {
        return None;
    }
    if let Some(secret) = volume.get("secret") {
        let items = secret["items"].as_array().into_iter().flatten();
        let items: Vec<Value> = items
            .map(|item| {
                let mut new = json!({ "key": item["version"], "path": item["path"] });
                if let Some(mode) = item.get("mode") {
                    new["mode"] = mode.clone();
                }
                new
            })
            .collect();
        let mut new = json!({ "secretName": aliases.shorten(&secret["secret"]), "items": items });
        if let Some(mode) = secret.get("defaultMode") {
            new["defaultMode"] = mode.clone();
        }
        return Some(json!({ "name": name, "secret": new }));
    }
    if let Some(bucket) = volume.get("gcs") {
        let attributes = json!({ "bucketName": bucket["bucket"] });
        let read_only = bucket["readOnly"] == true;
        let csi =
            json!({ "driver": BUCKETS, "readOnly": read_only, "volumeAttributes": attributes });
        return Some(json!({ "name": name, "csi": csi }));
    }
    let mut volume = volume.clone();
    if let Some(Value::String(medium)) = volume.pointer_mut("/emptyDir/medium") {
        "Memory".clone_into(medium);
    }
    Some(volume)
}

/// A v1 volume in the v2 form.
pub(super) fn volume_to_v2(
    volume: &Object,
    aliases: &Aliases,
    at: &str,
) -> Result<Value, ApiError> {
    refuse(volume, at, &["configMap"])?;
    let name = volume.get("name");
    if let Some(secret) = volume.get("secret") {
        let items = secret["items"].as_array().into_iter().flatten();
        let items: Vec<Value> = items
            .map(|item| {
                let mut new = json!({ "version": item["key"], "path": item["path"] });
                if let Some(mode) = item.get("mode") {
                    new["mode"] = mode.clone();
                }
                new
            })
            .collect();
        let mut new = json!({ "secret": aliases.resolve(&secret["secretName"]), "items": items });
        if let Some(mode) = secret.get("defaultMode") {
            new["defaultMode"] = mode.clone();
        }
        return Ok(json!({ "name": name, "secret": new }));
    }
    if let Some(csi) = volume.get("csi") {
        if csi["driver"] != BUCKETS {
            return Err(ApiError::invalid(format!(
                "{at}.csi.driver: {} is not {BUCKETS}",
                csi["driver"]
            )));
        }
        let bucket = &csi["volumeAttributes"]["bucketName"];
        let read_only = csi["readOnly"] == true;
        return Ok(json!({ "name": name, "gcs": { "bucket": bucket, "readOnly": read_only } }));
    }
    let mut volume = Value::Object(volume.clone());
    if let Some(Value::String(medium)) = volume.pointer_mut("/emptyDir/medium") {
        *medium = medium.to_ascii_uppercase();
    }
    Ok(volume)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_comes_back_as_it_was() {
        let container = json!({
            "name": "app", "image": "i", "args": ["x"], "dependsOn": ["db"],
            "env": [
                {"name": "A", "value": "1"},
                {"name": "B", "valueSource": {"secretKeyRef": {"secret": "own", "version": "3"}}},
                {"name": "C", "valueSource": {"secretKeyRef":
                    {"secret": "projects/other/secrets/far", "version": "latest"}}},
            ],
            "resources": {"limits": {"cpu": "2"}, "cpuIdle": true},
        });
        let mut aliases = Aliases::read("demo", "");
        let v1 = to_v1(&container, &mut aliases);
        assert_eq!(v1["env"][2]["valueFrom"]["secretKeyRef"]["name"], "far");
        assert_eq!(
            aliases.write().as_deref(),
            Some("far:projects/other/secrets/far")
        );
        let aliases = Aliases::read("demo", "far:projects/other/secrets/far");
        let back = to_v2(v1.as_object().unwrap(), Some(&container), &aliases, "").unwrap();
        assert_eq!(back, container);
    }

    #[test]
    fn volumes_come_back_as_they_were() {
        for volume in [
            json!({"name": "s", "secret": {"secret": "x", "defaultMode": 256, "items": [{"version": "1", "path": "p"}]}}),
            json!({"name": "g", "gcs": {"bucket": "b", "readOnly": true}}),
            json!({"name": "e", "emptyDir": {"medium": "MEMORY", "sizeLimit": "1Gi"}}),
            json!({"name": "n", "nfs": {"server": "10.0.0.1", "path": "/x"}}),
        ] {
            let mut aliases = Aliases::read("demo", "");
            let v1 = volume_to_v1(&volume, &mut aliases).unwrap();
            let back = volume_to_v2(v1.as_object().unwrap(), &aliases, "").unwrap();
            assert_eq!(back, volume);
        }
    }
}
