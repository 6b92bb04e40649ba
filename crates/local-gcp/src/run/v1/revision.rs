//! Revisions in the v1 form.

use super::{
    form::{self, KNATIVE, LOCATION},
    region,
    selector::Selector,
    template,
};
use crate::{
    app::App,
    google::{json, page::Page, schema::Object},
    http::{Answer, Call, Reply},
    run::{
        execution::newest_first,
        names::{self, Kind},
        revision::Revision,
    },
    store::View,
};
use serde_json::{Value, json};

const SERVICE: &str = "serving.knative.dev/service";

fn to_v1(app: &App, revision: &Revision) -> Value {
    let (project, region) = names::project_and_region(&revision.name);
    let service = names::id(names::owner(&revision.name));
    let mut of = template::to_v1(&revision.template, &Object::new(), project);
    let spec = of.remove("spec");
    let mut metadata = of.remove("metadata").unwrap_or_default();
    let v2 = revision.json();
    metadata["labels"][SERVICE] = service.into();
    metadata["labels"][LOCATION] = region.into();
    metadata["name"] = names::id(&revision.name).into();
    metadata["namespace"] = app.identity.project_number(project).to_string().into();
    metadata["uid"] = v2["uid"].clone();
    metadata["generation"] = 1.into();
    metadata["creationTimestamp"] = json::rfc3339(revision.created()).into();
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Revision",
        "metadata": metadata,
        "spec": spec,
        "status": {
            "observedGeneration": 1,
            "serviceName": service,
            "conditions": form::conditions(&v2),
        },
    })
}

fn of_services<'a>(view: &'a View, prefix: &'a str) -> impl Iterator<Item = &'a Revision> {
    view.with_prefix::<Revision>(prefix)
        .filter(|(name, _)| matches!(Kind::of(name), Ok(Kind::Service)))
        .map(|(_, revision)| &**revision)
}

pub(super) async fn get(call: Call) -> Answer {
    let (location, id) = (region::location(&call)?, call.param("id")?);
    let view = call.view();
    let prefix = format!("{location}/services/");
    let revision = of_services(&view, &prefix).find(|revision| names::id(&revision.name) == id);
    let revision = revision
        .ok_or_else(|| names::missing_of("REVISION", &format!("{location}/revisions/{id}")))?;
    Reply::json(&to_v1(&call.app, revision))
}

/// Newest first; of one service when the label selector says so.
pub(super) async fn list(call: Call) -> Answer {
    let selector = Selector::of(&call)?;
    let page = Page::named(&call.query, "limit", "continue", 1000, 1000)?;
    let prefix = format!("{}/services/", region::location(&call)?);
    let view = call.view();
    let rows = of_services(&view, &prefix)
        .map(|r| (r.created(), r.name.as_str(), to_v1(&call.app, r)))
        .filter(|(_, _, item)| selector.takes(item));
    let (items, next) = page.cut(newest_first(rows));
    Reply::json(&form::listed(KNATIVE, "RevisionList", items, next))
}
