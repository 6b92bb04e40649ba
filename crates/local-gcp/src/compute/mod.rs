//! Compute Engine, as far as instances are stopped and started: get, stop, start, and the operations of both.
//!
//! No machine runs. Which instances there are is seeded.

use crate::{
    app::App,
    google::{
        json,
        operations::{self, Operation},
    },
    http::{Answer, Api, ApiError, Call, Reply},
    store::{Record, Tx, View},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// An instance in the form of the API. Its key is `projects/P/zones/Z/instances/I`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Instance(Map<String, Value>);

impl Record for Instance {
    const TABLE: &'static str = "compute.instances";
}

/// What an operation does once its time has come.
#[derive(Serialize, Deserialize)]
struct Work {
    instance: String,
    status: String,
}

pub(crate) fn api() -> Api {
    let api = Api::new("compute", "compute.googleapis.com")
        .table::<Instance>()
        .get(
            "compute.instances.get",
            "/compute/v1/projects/{project}/zones/{zone}/instances/{instance}",
            get,
        )
        .get(
            "compute.zoneOperations.get",
            "/compute/v1/projects/{project}/zones/{zone}/operations/{operation}",
            operation,
        );
    api.post(
        "compute.instances.stop",
        "/compute/v1/projects/{project}/zones/{zone}/instances/{instance}/stop",
        |call| async move { change(&call, "STOPPING", "TERMINATED") },
    )
    .post(
        "compute.instances.start",
        "/compute/v1/projects/{project}/zones/{zone}/instances/{instance}/start",
        |call| async move { change(&call, "STAGING", "RUNNING") },
    )
    .on_operation(finish)
    .on_seed(seed)
}

fn zone(call: &Call) -> Result<String, ApiError> {
    Ok(format!(
        "projects/{}/zones/{}",
        call.param("project")?,
        call.param("zone")?
    ))
}

fn key(call: &Call) -> Result<String, ApiError> {
    Ok(format!(
        "{}/instances/{}",
        zone(call)?,
        call.param("instance")?
    ))
}

fn find(view: &View, key: &str) -> Result<Arc<Instance>, ApiError> {
    view.get::<Instance>(key)
        .ok_or_else(|| ApiError::not_found(format!("The resource '{key}' was not found")))
}

async fn get(call: Call) -> Answer {
    Reply::json(&find(&call.view(), &key(&call)?)?.0)
}

/// On the way at once, and there when the operation ends.
fn change(call: &Call, passing: &str, status: &str) -> Answer {
    let (key, zone) = (key(call)?, zone(call)?);
    let operation = call.write(|tx| {
        set(tx, &key, passing)?;
        let work = json!(Work {
            instance: key.clone(),
            status: status.to_owned()
        });
        let name = format!("{zone}/operations/operation-{}", operations::new_id());
        Ok::<_, ApiError>(operations::begin(call, tx, name, work, json!({})))
    })?;
    Reply::json(&shown(&operation))
}

fn set(tx: &mut Tx, key: &str, status: &str) -> Result<(), ApiError> {
    let mut instance = (*find(tx, key)?).clone();
    instance.0.insert("status".to_owned(), status.into());
    tx.put(key, instance);
    Ok(())
}

/// An operation as this API shows it.
fn shown(operation: &Operation) -> Value {
    let long_running = operation.json();
    let name = operation.name.rsplit('/').next().unwrap_or_default();
    let status = if operation.outcome.is_some() {
        "DONE"
    } else {
        "RUNNING"
    };
    let mut shown = json!({"kind": "compute#operation", "name": name, "status": status});
    if let Some(error) = long_running.get("error") {
        // A word of this API's own, where the others give a number: QUOTA_EXCEEDED, INTERNAL_ERROR, ….
        shown["error"] =
            json!({"errors": [{"code": "INTERNAL_ERROR", "message": error["message"]}]});
    }
    shown
}

async fn operation(call: Call) -> Answer {
    let name = format!("{}/operations/{}", zone(&call)?, call.param("operation")?);
    let operation = call.view().get::<Operation>(&name);
    let operation = operation.filter(|operation| operation.api == "compute");
    let operation = operation
        .ok_or_else(|| ApiError::not_found(format!("The resource '{name}' was not found")))?;
    Reply::json(&shown(&operation))
}

fn finish(_: &App, tx: &mut Tx, operation: &Operation) -> Result<Value, ApiError> {
    let Work { instance, status } = json::decode_value(operation.work.clone())?;
    set(tx, &instance, &status)?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seeded {
    project: Option<String>,
    zone: String,
    name: String,
    #[serde(flatten)]
    instance: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    #[serde(default)]
    instances: Vec<Seeded>,
}

fn seed(app: &App, tx: &mut Tx, section: Value) -> Result<(), ApiError> {
    let seed: Seed = json::decode_value(section)?;
    for Seeded {
        project,
        zone,
        name,
        mut instance,
    } in seed.instances
    {
        let project = project.as_deref().unwrap_or(&app.options.project);
        instance.entry("status").or_insert_with(|| "RUNNING".into());
        instance.insert("kind".to_owned(), "compute#instance".into());
        instance.insert("name".to_owned(), name.clone().into());
        instance.insert("zone".to_owned(), zone.clone().into());
        let key = format!("projects/{project}/zones/{zone}/instances/{name}");
        tx.put(&key, Instance(instance));
    }
    Ok(())
}
