//! Resource Manager, as far as projects carry labels: get, patch, and which permissions one has.
//!
//! Any project exists, as everywhere here; what was written about one is kept.

use crate::{
    app::App,
    google::{json, mask::FieldMask},
    http::{Answer, Api, ApiError, Call, Reply},
    store::{Record, Tx, View},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is known of a project. Its key is its id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Project {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    /// The permissions that nobody here has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    denied: Vec<String>,
}

impl Record for Project {
    const TABLE: &'static str = "cloudresourcemanager.projects";
}

pub(crate) fn api() -> Api {
    Api::new(
        "cloudresourcemanager",
        "cloudresourcemanager.googleapis.com",
    )
    .table::<Project>()
    .get(
        "cloudresourcemanager.projects.get",
        "/v3/{name=projects/*}",
        get,
    )
    .patch(
        "cloudresourcemanager.projects.patch",
        "/v3/{name=projects/*}",
        patch,
    )
    .post(
        "cloudresourcemanager.projects.testIamPermissions",
        "/v3/{resource=projects/*}:testIamPermissions",
        test,
    )
    .on_seed(seed)
}

fn id(name: &str) -> &str {
    name.strip_prefix("projects/").unwrap_or(name)
}

fn shown(app: &App, view: &View, id: &str) -> Value {
    let project = view.get::<Project>(id);
    let mut shown = json!({
        "name": format!("projects/{}", app.identity.project_number(id)),
        "projectId": id,
        "state": "ACTIVE",
    });
    if let Some(project) = project.filter(|project| !project.labels.is_empty()) {
        shown["labels"] = json!(project.labels);
    }
    shown
}

async fn get(call: Call) -> Answer {
    Reply::json(&shown(&call.app, &call.view(), id(call.param("name")?)))
}

/// Only labels can be changed; the operation that Google gives back has ended already.
async fn patch(call: Call) -> Answer {
    let change: Value = call.json()?;
    let mask = FieldMask::parse(call.query.get("updateMask").unwrap_or("labels"))?;
    if !mask.only(&["labels"]) {
        return Err(ApiError::invalid("Only labels can be changed here."));
    }
    let response = call.write(|tx| {
        let id = id(call.param("name")?).to_owned();
        let mut project = tx
            .get::<Project>(&id)
            .map(|old| (*old).clone())
            .unwrap_or_default();
        let mut labels = json!({"labels": project.labels});
        mask.apply(&mut labels, &change);
        project.labels = json::decode_value(labels["labels"].take()).unwrap_or_default();
        tx.put(&id, project);
        Ok::<_, ApiError>(shown(&call.app, tx, &id))
    })?;
    Reply::json(&json!({"name": "operations/done", "done": true, "response": response}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    #[serde(default)]
    permissions: Vec<String>,
}

/// All that is asked for is allowed, but for what the seed denies.
async fn test(call: Call) -> Answer {
    let Test { mut permissions } = call.json()?;
    if let Some(project) = call.view().get::<Project>(id(call.param("resource")?)) {
        permissions.retain(|permission| !project.denied.contains(permission));
    }
    Reply::json(&json!({ "permissions": permissions }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    /// By their ids.
    #[serde(default)]
    projects: BTreeMap<String, Project>,
}

fn seed(_: &App, tx: &mut Tx, section: Value) -> Result<(), ApiError> {
    let seed: Seed = json::decode_value(section)?;
    for (id, project) in seed.projects {
        tx.put(&id, project);
    }
    Ok(())
}
