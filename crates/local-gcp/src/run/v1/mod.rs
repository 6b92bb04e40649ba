//! The v1 (Knative) form of Cloud Run, which gcloud speaks, over the same resources. The region is in the host's name
//! (`europe-west1-run.googleapis.com`) or in the path; without either a list holds all regions, and one resource is looked
//! for in the region that the metadata server names.

mod annotations;
mod container;
mod execution;
mod form;
mod job;
mod methods;
mod region;
mod revision;
mod selector;
mod service;
mod template;
mod worker_pool;

use super::{names::Kind, policy};
use crate::{google::schema::Schema, http::Api};
use job::JOBS;
use service::SERVICES;
use std::sync::LazyLock;
use worker_pool::WORKER_POOLS;

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
        .get("run.namespaces.services.list", all, |call| async move {
            methods::list(&call, &SERVICES)
        })
        .post("run.namespaces.services.create", all, methods::create)
        .get("run.namespaces.services.get", one, |call| async move {
            methods::get(&call, &SERVICES)
        })
        .put(
            "run.namespaces.services.replaceService",
            one,
            methods::replace,
        )
        .delete("run.namespaces.services.delete", one, |call| async move {
            methods::delete(&call, &SERVICES)
        })
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
    tasks(executions(jobs(worker_pools(located(api)))))
}

fn worker_pools(api: Api) -> Api {
    api.get(
        "run.namespaces.workerpools.list",
        "/apis/run.googleapis.com/v1/namespaces/{namespace}/workerpools",
        |call| async move { methods::list(&call, &WORKER_POOLS) },
    )
    .get(
        "run.namespaces.workerpools.get",
        "/apis/run.googleapis.com/v1/namespaces/{namespace}/workerpools/{id}",
        |call| async move { methods::get(&call, &WORKER_POOLS) },
    )
    .delete(
        "run.namespaces.workerpools.delete",
        "/apis/run.googleapis.com/v1/namespaces/{namespace}/workerpools/{id}",
        |call| async move { methods::delete(&call, &WORKER_POOLS) },
    )
}

fn jobs(api: Api) -> Api {
    let one = "/apis/run.googleapis.com/v1/namespaces/{namespace}/jobs/{id}";
    api.get(
        "run.namespaces.jobs.list",
        "/apis/run.googleapis.com/v1/namespaces/{namespace}/jobs",
        |call| async move { methods::list(&call, &JOBS) },
    )
    .get("run.namespaces.jobs.get", one, |call| async move {
        methods::get(&call, &JOBS)
    })
    .delete("run.namespaces.jobs.delete", one, |call| async move {
        methods::delete(&call, &JOBS)
    })
    .post(
        "run.namespaces.jobs.run",
        "/apis/run.googleapis.com/v1/namespaces/{namespace}/jobs/{id}:run",
        execution::run,
    )
}

fn executions(api: Api) -> Api {
    let one = "/apis/run.googleapis.com/v1/namespaces/{namespace}/executions/{id}";
    api.get(
        "run.namespaces.executions.list",
        "/apis/run.googleapis.com/v1/namespaces/{namespace}/executions",
        execution::list,
    )
    .get("run.namespaces.executions.get", one, execution::get)
    .delete("run.namespaces.executions.delete", one, execution::delete)
    .post(
        "run.namespaces.executions.cancel",
        "/apis/run.googleapis.com/v1/namespaces/{namespace}/executions/{id}:cancel",
        execution::cancel,
    )
}

fn tasks(api: Api) -> Api {
    api.get(
        "run.namespaces.tasks.list",
        "/apis/run.googleapis.com/v1/namespaces/{namespace}/tasks",
        execution::list_tasks,
    )
    .get(
        "run.namespaces.tasks.get",
        "/apis/run.googleapis.com/v1/namespaces/{namespace}/tasks/{id}",
        execution::get_task,
    )
}

/// The same with the region in the path.
fn located(api: Api) -> Api {
    let all = "/v1/projects/{namespace}/locations/{location}/services";
    let one = "/v1/projects/{namespace}/locations/{location}/services/{id}";
    api.get(
        "run.projects.locations.services.list",
        all,
        |call| async move { methods::list(&call, &SERVICES) },
    )
    .post(
        "run.projects.locations.services.create",
        all,
        methods::create,
    )
    .get(
        "run.projects.locations.services.get",
        one,
        |call| async move { methods::get(&call, &SERVICES) },
    )
    .put(
        "run.projects.locations.services.replaceService",
        one,
        methods::replace,
    )
    .delete(
        "run.projects.locations.services.delete",
        one,
        |call| async move { methods::delete(&call, &SERVICES) },
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
