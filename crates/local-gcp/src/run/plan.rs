//! What a change of a service, worker pool or job comes to: the next desired state, and whether it needs a revision.

use super::{
    names::Kind,
    resource::Resource,
    revision::{self, Revision},
    scaling::{self, Written},
    schema, template,
    traffic::{INSTANCES, TRAFFIC},
};
use crate::{
    google::{mask::FieldMask, operations, schema::Object},
    http::ApiError,
    store::View,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A change that somebody asks for.
pub(super) struct Change<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) old: Option<&'a Resource>,
    /// In canonical form.
    pub(super) body: &'a Object,
    /// Absent: the body replaces everything.
    pub(super) mask: Option<&'a FieldMask>,
    pub(super) force_revision: bool,
    pub(super) v1: Object,
    /// Who asks, and the default service account.
    pub(super) actor: &'a str,
    pub(super) now: Timestamp,
}

/// What is to be stored.
pub(super) struct Planned {
    pub(super) resource: Resource,
    pub(super) revision: Option<Revision>,
}

/// Decides on a change, or refuses it.
pub(super) fn plan(view: &View, change: &Change) -> Result<Planned, ApiError> {
    template::check_metadata(change.body, "")?;
    let mut spec = merged(change)?;
    spec.retain(|key, _| key != "name" && key != "etag");
    template::default(&mut spec, "launchStage", "GA".into());
    if change.kind == Kind::Job {
        settle_job(&mut spec, change.actor)?;
        return Ok(Planned {
            resource: next(change, spec, None),
            revision: None,
        });
    }
    let serves = change.kind == Kind::Service;
    if serves {
        template::default(&mut spec, "ingress", "INGRESS_TRAFFIC_ALL".into());
        let written = Written {
            body: change.body,
            mask: change.mask,
        };
        scaling::settle(change.old.map(|old| &old.spec), &mut spec, &written)?;
    } else if let Some(Value::Object(counts)) = spec.get("scaling") {
        scaling::check_counts(counts)?;
    }
    let mut of = taken(&mut spec, "template");
    template::settle(&mut of, serves, change.actor)?;
    let of = Value::Object(of);
    let made = revision::asked_for(view, change.name, change.old, &of, change.force_revision)?;
    spec.insert("template".to_owned(), of.clone());
    let split = if serves { TRAFFIC } else { INSTANCES };
    split.settle(view, change.name, &mut spec, made.as_deref())?;
    let stage = spec.get("launchStage").cloned().unwrap_or_default();
    let revision = made.map(|name| Revision::new(name, &of, change.actor, stage, change.now));
    Ok(Planned {
        resource: next(change, spec, revision.as_ref()),
        revision,
    })
}

fn merged(change: &Change) -> Result<Object, ApiError> {
    let (Some(old), Some(mask)) = (change.old, change.mask) else {
        return Ok(change.body.clone());
    };
    let message = change.kind.message();
    if let Some(unknown) = mask.paths().find(|p| p != "*" && !schema().has(message, p)) {
        return Err(ApiError::invalid(format!(
            "Invalid update_mask: {unknown:?} is not a field of {message}"
        )));
    }
    let mut spec = json!(old.spec);
    mask.apply(&mut spec, &json!(change.body));
    // Output fields that the mask names do not count: reading drops them.
    schema().read(message, spec)
}

fn settle_job(spec: &mut Object, account: &str) -> Result<(), ApiError> {
    for token in ["startExecutionToken", "runExecutionToken"] {
        if spec.contains_key(token) {
            return Err(ApiError::new(
                crate::http::Code::Unimplemented,
                format!("{token} is not served by local-gcp: call jobs.run"),
            ));
        }
    }
    let mut execution = taken(spec, "template");
    template::check_metadata(&execution, "template.")?;
    template::default(&mut execution, "taskCount", 1.into());
    for (field, most) in [("taskCount", 10_000), ("parallelism", 10_000)] {
        let count = execution.get(field).and_then(Value::as_i64);
        let least = i64::from(field == "taskCount");
        if count.is_some_and(|count| !(least..=most).contains(&count)) {
            return Err(ApiError::invalid(format!(
                "template.{field}: should be between {least} and {most}"
            )));
        }
    }
    let mut task = taken(&mut execution, "template");
    template::settle_task(&mut task, account)?;
    execution.insert("template".to_owned(), task.into());
    spec.insert("template".to_owned(), execution.into());
    Ok(())
}

fn taken(of: &mut Object, field: &str) -> Object {
    match of.remove(field) {
        Some(Value::Object(inner)) => inner,
        _ => Object::new(),
    }
}

/// A change that changes nothing makes no new generation.
fn next(change: &Change, spec: Object, revision: Option<&Revision>) -> Resource {
    let mut next = change.old.cloned().unwrap_or_else(|| Resource {
        name: change.name.to_owned(),
        uid: operations::new_id(),
        spec: Object::new(),
        generation: 0,
        observed: 0,
        created: change.now,
        updated: change.now,
        settled: change.now,
        deleted: None,
        creator: change.actor.to_owned(),
        last_modifier: String::new(),
        made: 0,
        latest_created: String::new(),
        latest_ready: String::new(),
        latest_execution: Value::Null,
        v1: Object::new(),
    });
    if next.spec != spec || next.v1 != change.v1 || revision.is_some() {
        next.generation += 1;
        next.updated = change.now;
        change.actor.clone_into(&mut next.last_modifier);
    }
    if let Some(revision) = revision {
        next.made += 1;
        next.latest_created.clone_from(&revision.name);
    }
    next.spec = spec;
    next.v1.clone_from(&change.v1);
    next
}
