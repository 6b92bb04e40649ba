//! Cloud Run Admin: services, worker pools and jobs, their revisions and executions.
//!
//! ```text
//! create, patch ─► plan ─► desired state (generation + 1) ─► operation ─► observed state
//!                    └──► revision, if the template says something new
//! ```

mod execution;
mod methods;
mod names;
mod operation;
mod plan;
mod policy;
mod quota;
mod resource;
mod revision;
mod scaling;
mod seed;
mod task;
mod template;
mod traffic;
mod v1;

use crate::{google::schema::Schema, http::Api};
use names::Kind;
use std::sync::LazyLock;

/// Google's definitions of the v2 messages.
fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> =
        LazyLock::new(|| Schema::parse(include_str!("../../schemas/run.v2.json")));
    &SCHEMA
}

pub(crate) fn api() -> Api {
    let api = Api::new("run", "run.googleapis.com")
        .table::<resource::Resource>()
        .table::<revision::Revision>()
        .table::<execution::Execution>()
        .table::<quota::Used>();
    v1::api(operations(jobs(worker_pools(services(api)))))
        .on_operation(operation::finish)
        .on_seed(seed::seed)
}

/// Routes methods of one kind; the names and paths have to be literals.
macro_rules! methods {
    ($api:expr, $kind:expr, $path:literal) => {
        $api.post(
            concat!("run.projects.locations.", $path, ".create"),
            concat!("/v2/{parent=projects/*/locations/*}/", $path),
            |call| async move { methods::create(&call, $kind) },
        )
        .get(
            concat!("run.projects.locations.", $path, ".list"),
            concat!("/v2/{parent=projects/*/locations/*}/", $path),
            |call| async move { methods::list(&call, $kind) },
        )
        .get(
            concat!("run.projects.locations.", $path, ".get"),
            concat!("/v2/{name=projects/*/locations/*/", $path, "/*}"),
            |call| async move { methods::get(&call, $kind) },
        )
        .patch(
            concat!("run.projects.locations.", $path, ".patch"),
            concat!("/v2/{name=projects/*/locations/*/", $path, "/*}"),
            |call| async move { methods::patch(&call, $kind) },
        )
        .delete(
            concat!("run.projects.locations.", $path, ".delete"),
            concat!("/v2/{name=projects/*/locations/*/", $path, "/*}"),
            |call| async move { methods::delete(&call, $kind) },
        )
        .get(
            concat!("run.projects.locations.", $path, ".getIamPolicy"),
            concat!(
                "/v2/{resource=projects/*/locations/*/",
                $path,
                "/*}:getIamPolicy"
            ),
            |call| async move { policy::get(&call, $kind) },
        )
        .post(
            concat!("run.projects.locations.", $path, ".setIamPolicy"),
            concat!(
                "/v2/{resource=projects/*/locations/*/",
                $path,
                "/*}:setIamPolicy"
            ),
            |call| async move { policy::set(&call, $kind) },
        )
        .post(
            concat!("run.projects.locations.", $path, ".testIamPermissions"),
            concat!(
                "/v2/{resource=projects/*/locations/*/",
                $path,
                "/*}:testIamPermissions"
            ),
            |call| async move { policy::test(&call, $kind) },
        )
    };
}

/// Routes the revisions of one kind.
macro_rules! revisions {
    ($api:expr, $path:literal) => {
        $api.get(
            concat!("run.projects.locations.", $path, ".revisions.get"),
            concat!(
                "/v2/{name=projects/*/locations/*/",
                $path,
                "/*/revisions/*}"
            ),
            revision::get,
        )
        .get(
            concat!("run.projects.locations.", $path, ".revisions.list"),
            concat!(
                "/v2/{parent=projects/*/locations/*/",
                $path,
                "/*}/revisions"
            ),
            revision::list,
        )
        .delete(
            concat!("run.projects.locations.", $path, ".revisions.delete"),
            concat!(
                "/v2/{name=projects/*/locations/*/",
                $path,
                "/*/revisions/*}"
            ),
            revision::delete,
        )
    };
}

fn services(api: Api) -> Api {
    revisions!(methods!(api, Kind::Service, "services"), "services")
}

fn worker_pools(api: Api) -> Api {
    revisions!(
        methods!(api, Kind::WorkerPool, "workerPools"),
        "workerPools"
    )
}

fn jobs(api: Api) -> Api {
    let one = "/v2/{name=projects/*/locations/*/jobs/*/executions/*}";
    methods!(api, Kind::Job, "jobs")
        .post(
            "run.projects.locations.jobs.run",
            "/v2/{name=projects/*/locations/*/jobs/*}:run",
            execution::run,
        )
        .get(
            "run.projects.locations.jobs.executions.list",
            "/v2/{parent=projects/*/locations/*/jobs/*}/executions",
            execution::list,
        )
        .get(
            "run.projects.locations.jobs.executions.get",
            one,
            execution::get,
        )
        .delete(
            "run.projects.locations.jobs.executions.delete",
            one,
            execution::delete,
        )
        .post(
            "run.projects.locations.jobs.executions.cancel",
            "/v2/{name=projects/*/locations/*/jobs/*/executions/*}:cancel",
            execution::cancel,
        )
        .get(
            "run.projects.locations.jobs.executions.tasks.list",
            "/v2/{parent=projects/*/locations/*/jobs/*/executions/*}/tasks",
            task::list,
        )
        .get(
            "run.projects.locations.jobs.executions.tasks.get",
            "/v2/{name=projects/*/locations/*/jobs/*/executions/*/tasks/*}",
            task::get,
        )
}

fn operations(api: Api) -> Api {
    let one = "/v2/{name=projects/*/locations/*/operations/*}";
    api.get("run.projects.locations.operations.get", one, operation::get)
        .delete(
            "run.projects.locations.operations.delete",
            one,
            operation::delete,
        )
        .get(
            "run.projects.locations.operations.list",
            "/v2/{name=projects/*/locations/*}/operations",
            operation::list,
        )
        .post(
            "run.projects.locations.operations.wait",
            "/v2/{name=projects/*/locations/*/operations/*}:wait",
            operation::wait,
        )
}
