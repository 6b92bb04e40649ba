//! What a seed file says of Cloud Run: resources as v2 shows them, which have come to be at once.

use super::{
    names::{self, Kind},
    plan::{Change, plan},
    resource::Resource,
    schema,
};
use crate::{
    app::App,
    google::{json, schema::Object},
    http::ApiError,
    store::Tx,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Seed {
    services: Vec<Value>,
    worker_pools: Vec<Value>,
    jobs: Vec<Value>,
}

pub(super) fn seed(app: &App, tx: &mut Tx, section: Value) -> Result<(), ApiError> {
    let seed: Seed = json::decode_value(section)?;
    for (kind, resources) in [
        (Kind::Service, seed.services),
        (Kind::WorkerPool, seed.worker_pools),
        (Kind::Job, seed.jobs),
    ] {
        for resource in resources {
            put(app, tx, kind, resource)?;
        }
    }
    Ok(())
}

/// One that is there already is replaced, as by a patch without a mask.
fn put(app: &App, tx: &mut Tx, kind: Kind, resource: Value) -> Result<(), ApiError> {
    let body = schema().read(kind.message(), resource)?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    names::check(kind, name)?;
    let old = tx.get::<Resource>(name);
    let planned = plan(
        tx,
        &Change {
            kind,
            name,
            old: old.as_deref(),
            body: &body,
            mask: None,
            force_revision: false,
            v1: Object::new(),
            actor: &app.options.service_account,
            now: app.clock.now(),
        },
    )?;
    let mut resource = planned.resource;
    resource.observed = resource.generation;
    resource.latest_ready.clone_from(&resource.latest_created);
    resource.deleted = None;
    if let Some(revision) = planned.revision {
        tx.put(&revision.name.clone(), revision);
    }
    resource.note_level(tx, kind, app.clock.now());
    tx.put(name, resource);
    Ok(())
}
