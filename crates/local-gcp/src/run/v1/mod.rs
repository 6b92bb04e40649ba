//! The v1 (Knative) form of Cloud Run, which gcloud speaks, over the same resources. The region is in the host's name
//! (`europe-west1-run.googleapis.com`) or in the path; without either it is the one that the metadata server names.

mod annotations;
mod container;
mod methods;
mod region;
mod revision;
mod service;
mod template;

use super::{names::Kind, policy};
use crate::{google::schema::Schema, http::Api};
use std::sync::LazyLock;

/// Google's definitions of the v1 messages.
fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> =
        LazyLock::new(|| Schema::parse(include_str!("../../../schemas/run.v1.json")));
    &SCHEMA
}

/// Adds the methods of the v1 form.
pub(super) fn api(api: Api) -> Api {
    let all = "/apis/serving.knative.dev/v1/namespaces/{namespace}/services";
    let one = "/apis/serving.knative.dev/v1/namespaces/{namespace}/services/{id}";
    let api = api
        .get("run.namespaces.services.list", all, methods::list)
        .post("run.namespaces.services.create", all, methods::create)
        .get("run.namespaces.services.get", one, methods::get)
        .put(
            "run.namespaces.services.replaceService",
            one,
            methods::replace,
        )
        .delete("run.namespaces.services.delete", one, methods::delete)
        .get(
            "run.namespaces.revisions.list",
            "/apis/serving.knative.dev/v1/namespaces/{namespace}/revisions",
            revision::list,
        )
        .get(
            "run.namespaces.revisions.get",
            "/apis/serving.knative.dev/v1/namespaces/{namespace}/revisions/{id}",
            revision::get,
        );
    located(api)
}

/// The same with the region in the path.
fn located(api: Api) -> Api {
    let all = "/v1/projects/{namespace}/locations/{location}/services";
    let one = "/v1/projects/{namespace}/locations/{location}/services/{id}";
    api.get("run.projects.locations.services.list", all, methods::list)
        .post(
            "run.projects.locations.services.create",
            all,
            methods::create,
        )
        .get("run.projects.locations.services.get", one, methods::get)
        .put(
            "run.projects.locations.services.replaceService",
            one,
            methods::replace,
        )
        .delete(
            "run.projects.locations.services.delete",
            one,
            methods::delete,
        )
        .get(
            "run.projects.locations.services.getIamPolicy",
            "/v1/{resource=projects/*/locations/*/services/*}:getIamPolicy",
            |call| async move { policy::get(&call, Kind::Service) },
        )
        .post(
            "run.projects.locations.services.setIamPolicy",
            "/v1/{resource=projects/*/locations/*/services/*}:setIamPolicy",
            |call| async move { policy::set(&call, Kind::Service) },
        )
        .post(
            "run.projects.locations.services.testIamPermissions",
            "/v1/{resource=projects/*/locations/*/services/*}:testIamPermissions",
            |call| async move { policy::test(&call, Kind::Service) },
        )
}
