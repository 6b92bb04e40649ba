//! The methods of services, jobs and worker pools in the v1 form. Only services are written by it.

use super::{
    form::{self, Form},
    region, schema,
    selector::Selector,
    service,
};
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
use std::sync::Arc;

fn find(view: &View, kind: Kind, name: &str) -> Result<Arc<Resource>, ApiError> {
    view.get::<Resource>(name)
        .filter(|resource| resource.deleted.is_none())
        .ok_or_else(|| names::missing(kind, name))
}

/// The resource that a path means.
fn meant(call: &Call, kind: Kind) -> Result<Arc<Resource>, ApiError> {
    let (location, id) = (region::location(call)?, call.param("id")?);
    let name = format!("{location}/{}/{id}", kind.collection());
    find(&call.view(), kind, &name)
}

pub(super) fn get(call: &Call, form: &Form) -> Answer {
    let resource = meant(call, form.kind)?;
    Reply::json(&(form.to_v1)(&call.app, &resource))
}

/// Of one region, or of all when the request names none.
pub(super) fn list(call: &Call, form: &Form) -> Answer {
    let selector = Selector::of(call)?;
    let page = Page::named(&call.query, "limit", "continue", 1000, 1000)?;
    let prefix = region::prefix_of_list(call)?;
    let view = call.view();
    let rows = view
        .with_prefix::<Resource>(&prefix)
        .filter(|(name, _)| Kind::of(name).is_ok_and(|kind| kind == form.kind))
        .filter(|(_, resource)| resource.deleted.is_none())
        .map(|(name, resource)| (name.to_owned(), (form.to_v1)(&call.app, resource)))
        .filter(|(_, item)| selector.takes(item));
    let (items, next) = page.cut(rows);
    Reply::json(&form::listed(form.group, form.list, items, next))
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
            .map(|id| find(tx, Kind::Service, &format!("{location}/services/{id}")))
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
        let json = (service::SERVICES.to_v1)(&call.app, &planned.resource);
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

pub(super) fn delete(call: &Call, form: &Form) -> Answer {
    let resource = meant(call, form.kind)?;
    let deletion = Deletion {
        kind: form.kind,
        name: &resource.name,
        etag: None,
        validate_only: call.query.get("dryRun") == Some("all"),
    };
    methods::begin_deletion(call, &deletion)?;
    let status = form::deleted(form.group, form.collection, &resource.name, &resource.uid);
    Reply::json(&status)
}
