//! The methods of services in the v1 form.

use super::{region, schema, service};
use crate::{
    google::{etag, page::Page},
    http::{Answer, ApiError, Call, Reply},
    run::{
        methods::{self, Deletion},
        names::{self, Kind},
        plan::{Change, plan},
        resource::Resource,
    },
    store::View,
};
use serde_json::{Value, json};
use std::sync::Arc;

fn name(call: &Call) -> Result<String, ApiError> {
    Ok(format!(
        "{}/services/{}",
        region::location(call)?,
        call.param("id")?
    ))
}

fn find(view: &View, name: &str) -> Result<Arc<Resource>, ApiError> {
    view.get::<Resource>(name)
        .filter(|service| service.deleted.is_none())
        .ok_or_else(|| names::missing(Kind::Service, name))
}

pub(super) async fn get(call: Call) -> Answer {
    let service = find(&call.view(), &name(&call)?)?;
    Reply::json(&service::to_v1(&call.app, &service))
}

/// Of one region, or of all when the path says `-`.
pub(super) async fn list(call: Call) -> Answer {
    let location = region::location(&call)?;
    let page = Page::named(&call.query, "limit", "continue", 1000, 1000)?;
    let (prefix, everywhere) = match location.strip_suffix('-') {
        Some(all) => (all.to_owned(), true),
        None => (format!("{location}/services/"), false),
    };
    let view = call.view();
    let rows = view
        .with_prefix::<Resource>(&prefix)
        .filter(|(name, _)| !everywhere || matches!(Kind::of(name), Ok(Kind::Service)))
        .filter(|(_, service)| service.deleted.is_none())
        .map(|(name, service)| (name.to_owned(), service::to_v1(&call.app, service)));
    let (items, next) = page.cut(rows);
    Reply::json(&listed("ServiceList", items, next))
}

pub(super) fn listed(kind: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut list = json!({ "apiVersion": "serving.knative.dev/v1", "kind": kind, "metadata": {} });
    list["items"] = items.into();
    if let Some(next) = next {
        list["metadata"]["continue"] = next.into();
    }
    list
}

pub(super) async fn create(call: Call) -> Answer {
    let location = region::location(&call)?;
    names::check_location(&location)?;
    write(&call, &location, None)
}

/// The whole service as it shall be.
pub(super) async fn replace(call: Call) -> Answer {
    let location = region::location(&call)?;
    let id = call.param("id")?.to_owned();
    write(&call, &location, Some(&id))
}

/// `id` is that of the service to be replaced.
fn write(call: &Call, location: &str, id: Option<&str>) -> Answer {
    let sent = schema().body("Service", call)?;
    let (project, _) = names::project_and_region(location);
    let dry = call.query.get("dryRun") == Some("all");
    let planned = call.write(|tx| {
        let old = id
            .map(|id| find(tx, &format!("{location}/services/{id}")))
            .transpose()?;
        let written = service::to_v2(&sent, old.as_deref(), project)?;
        let id = id.unwrap_or(&written.id);
        if written.id != id {
            return Err(ApiError::invalid(format!(
                "metadata.name: {:?} is not the service {id:?} that the path names",
                written.id
            )));
        }
        names::check_id(id)?;
        let name = format!("{location}/services/{id}");
        match &old {
            None if tx.get::<Resource>(&name).is_some() => return Err(names::taken(&name)),
            Some(old) => check_version(&written.version, &old.etag(), id)?,
            None => {}
        }
        let planned = plan(
            tx,
            &Change {
                kind: Kind::Service,
                name: &name,
                old: old.as_deref(),
                body: &written.body,
                mask: None,
                force_revision: false,
                v1: written.v1,
                actor: &call.app.options.service_account,
                now: call.now(),
            },
        )?;
        let json = service::to_v1(&call.app, &planned.resource);
        if !dry {
            methods::start(call, tx, Kind::Service, planned)?;
        }
        Ok(json)
    })?;
    Reply::json(&planned)
}

fn check_version(sent: &str, current: &str, id: &str) -> Result<(), ApiError> {
    let current = current.trim_matches('"');
    etag::check(Some(sent), current).map_err(|_| {
        ApiError::aborted(format!(
            "Conflict for resource '{id}': version '{sent}' was specified but current version is '{current}'."
        ))
    })
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = name(&call)?;
    let uid = find(&call.view(), &name)?.uid.clone();
    let deletion = Deletion {
        kind: Kind::Service,
        name: &name,
        etag: None,
        validate_only: call.query.get("dryRun") == Some("all"),
    };
    methods::begin_deletion(&call, &deletion)?;
    let details = json!({ "group": "serving.knative.dev", "kind": "services", "name": names::id(&name), "uid": uid });
    Reply::json(&json!({ "status": "Success", "details": details }))
}
