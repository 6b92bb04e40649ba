//! The methods that services, worker pools and jobs share: create, get, list, patch, delete.

use super::{
    execution::{Execution, newest_first},
    names::{self, Kind},
    plan::{Change, Planned, plan},
    quota,
    resource::{Resource, any},
    revision::Revision,
    schema,
};
use crate::{
    google::{
        etag, iam,
        mask::FieldMask,
        operations::{self, Operation, Outcome},
        page::Page,
        schema::Object,
    },
    http::{Answer, ApiError, Call, Reply},
    store::Tx,
};
use serde_json::{Value, json};

pub(super) fn create(call: &Call, kind: Kind) -> Answer {
    let parent = call.param("parent")?;
    names::check_location(parent)?;
    let id = call.query.get(kind.id_parameter()).unwrap_or_default();
    names::check_id(id)?;
    let name = format!("{parent}/{}/{id}", kind.collection());
    let body = schema().body(kind.message(), call)?;
    let operation = call.write(|tx| {
        if tx.get::<Resource>(&name).is_some() {
            return Err(names::taken(&name));
        }
        change(call, tx, kind, &name, &body, None)
    })?;
    Reply::json(&operation)
}

pub(super) fn patch(call: &Call, kind: Kind) -> Answer {
    let name = call.param("name")?;
    names::check_location(name)?;
    let body = schema().body(kind.message(), call)?;
    let mask = call.query.get("updateMask").filter(|mask| !mask.is_empty());
    if kind == Kind::Job && mask.is_some() {
        return Err(ApiError::invalid(
            "Invalid JSON payload received. Unknown name \"updateMask\": a job is replaced whole",
        ));
    }
    let mask = mask.map(FieldMask::parse).transpose()?;
    let operation = call.write(|tx| {
        if tx.get::<Resource>(name).is_none() {
            if !call.query.flag("allowMissing") {
                return Err(names::missing(kind, name));
            }
            names::check_id(names::id(name))?;
        }
        change(call, tx, kind, name, &body, mask.as_ref())
    })?;
    Reply::json(&operation)
}

/// Plans a change and starts it, unless it is to be validated only. Returns the operation.
fn change(
    call: &Call,
    tx: &mut Tx,
    kind: Kind,
    name: &str,
    body: &Object,
    mask: Option<&FieldMask>,
) -> Result<Value, ApiError> {
    let old = tx.get::<Resource>(name);
    let sent = body.get("etag").and_then(Value::as_str);
    if let Some(old) = &old {
        etag::check(sent, &old.etag())?;
    }
    let planned = plan(
        tx,
        &Change {
            kind,
            name,
            old: old.as_deref(),
            body,
            mask,
            force_revision: call.query.flag("forceNewRevision"),
            v1: old.as_ref().map(|old| old.v1.clone()).unwrap_or_default(),
            actor: &call.app.options.service_account,
            now: call.now(),
        },
    )?;
    if call.query.flag("validateOnly") {
        let body = any(kind.any(), planned.resource.json(&call.app, kind));
        return Ok(validated(call, name, body));
    }
    start(call, tx, kind, planned)
}

/// Stores what was planned and begins the operation that makes it come true. A fault that lets the operation fail leaves
/// everything as it was.
pub(super) fn start(
    call: &Call,
    tx: &mut Tx,
    kind: Kind,
    planned: Planned,
) -> Result<Value, ApiError> {
    let Planned { resource, revision } = planned;
    let metadata = any(kind.any(), resource.json(&call.app, kind));
    let name = resource.name.clone();
    let work = json!({ "do": "reconcile", "name": name, "generation": resource.generation });
    if call.effects.operation_error.is_none() {
        if let Some(revision) = revision {
            tx.put(&revision.name.clone(), revision);
        }
        resource.note_level(tx, kind, call.now());
        tx.put(&name, resource);
    }
    operate(call, tx, &name, work, metadata)
}

/// An operation that has ended already and is not kept.
pub(super) fn validated(call: &Call, name: &str, body: Value) -> Value {
    Operation {
        name: operation_name(name),
        api: call.api.to_owned(),
        work: Value::Null,
        metadata: body.clone(),
        started: call.now(),
        outcome: Some(Outcome::Response(body)),
        fault: None,
    }
    .json()
}

fn operation_name(of: &str) -> String {
    format!(
        "{}/operations/{}",
        names::location(of),
        operations::new_id()
    )
}

/// Begins an operation on the resource `name`.
pub(super) fn operate(
    call: &Call,
    tx: &mut Tx,
    name: &str,
    work: Value,
    metadata: Value,
) -> Result<Value, ApiError> {
    quota::take(call, tx, names::location(name))?;
    Ok(operations::begin(call, tx, operation_name(name), work, metadata).json())
}

pub(super) fn get(call: &Call, kind: Kind) -> Answer {
    let name = call.param("name")?;
    let resource = call.view().get::<Resource>(name);
    let resource = resource.ok_or_else(|| names::missing(kind, name))?;
    Reply::json(&resource.json(&call.app, kind))
}

/// Newest first, as the API documents.
pub(super) fn list(call: &Call, kind: Kind) -> Answer {
    let parent = call.param("parent")?;
    names::check_location(parent)?;
    let page = Page::of(&call.query, "pageSize", 100, 1000)?;
    let prefix = format!("{parent}/{}/", kind.collection());
    let deleted_too = call.query.flag("showDeleted");
    let view = call.view();
    let rows = view
        .with_prefix::<Resource>(&prefix)
        .filter(|(_, resource)| deleted_too || resource.deleted.is_none())
        .map(|(name, resource)| (resource.created, name, resource.json(&call.app, kind)));
    let (items, next) = page.cut(newest_first(rows));
    Reply::json(&listed(kind.collection(), items, next))
}

/// A list answer: absent rather than empty, as proto3 JSON has it.
pub(super) fn listed(key: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut answer = json!({});
    if !items.is_empty() {
        answer[key] = items.into();
    }
    if let Some(next) = next {
        answer["nextPageToken"] = next.into();
    }
    answer
}

pub(super) fn delete(call: &Call, kind: Kind) -> Answer {
    let operation = begin_deletion(
        call,
        &Deletion {
            kind,
            name: call.param("name")?,
            etag: call.query.get("etag"),
            validate_only: call.query.flag("validateOnly"),
        },
    )?;
    Reply::json(&operation)
}

/// What is to be deleted.
pub(super) struct Deletion<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) etag: Option<&'a str>,
    pub(super) validate_only: bool,
}

/// Marks a resource as deleted and begins the operation that removes it. Returns the operation.
pub(super) fn begin_deletion(call: &Call, deletion: &Deletion) -> Result<Value, ApiError> {
    let &Deletion { kind, name, .. } = deletion;
    call.write(|tx| {
        let old = tx
            .get::<Resource>(name)
            .ok_or_else(|| names::missing(kind, name))?;
        etag::check(deletion.etag, &old.etag())?;
        let resource = Resource {
            deleted: Some(call.now()),
            ..(*old).clone()
        };
        let metadata = any(kind.any(), resource.json(&call.app, kind));
        if deletion.validate_only {
            return Ok(validated(call, name, metadata));
        }
        if call.effects.operation_error.is_none() {
            resource.note_level(tx, kind, call.now());
            tx.put(name, resource);
        }
        let work = json!({ "do": "delete", "name": name });
        operate(call, tx, name, work, metadata)
    })
}

/// Removes a resource and what belongs to it.
pub(super) fn remove(tx: &mut Tx, name: &str) {
    tx.delete::<Resource>(name);
    tx.delete_prefix::<Revision>(&format!("{name}/revisions/"));
    tx.delete_prefix::<Execution>(&format!("{name}/executions/"));
    iam::forget(tx, name);
}
