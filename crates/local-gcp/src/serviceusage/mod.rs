//! Service Usage, the part about quotas: limits, and the overrides that a consumer sets on them.
//!
//! Which limits there are is seeded. Nothing here is held to them; `usage` is seeded, too, and only serves the safety check.

mod limit;
mod limits;
mod names;
mod overrides;
mod seed;

use crate::{
    google::operations::Operation,
    http::{Answer, Api, ApiError, Call, Reply},
};

pub(crate) fn api() -> Api {
    let api = Api::new("serviceusage", "serviceusage.googleapis.com")
        .table::<limit::Limit>()
        .table::<limit::Override>();
    overrides(metrics(api))
        .get(
            "serviceusage.operations.get",
            "/v1beta1/{name=operations/*}",
            operation,
        )
        .on_operation(overrides::finish)
        .on_seed(seed::seed)
}

fn metrics(api: Api) -> Api {
    api.get(
        "serviceusage.services.consumerQuotaMetrics.list",
        "/v1beta1/projects/{project}/services/{service}/consumerQuotaMetrics",
        limits::list,
    )
    .get(
        "serviceusage.services.consumerQuotaMetrics.get",
        "/v1beta1/projects/{project}/services/{service}/consumerQuotaMetrics/{metric}",
        limits::metric,
    )
    .get(
        "serviceusage.services.consumerQuotaMetrics.limits.get",
        "/v1beta1/projects/{project}/services/{service}/consumerQuotaMetrics/{metric}/limits/{limit}",
        limits::get,
    )
}

fn overrides(api: Api) -> Api {
    let all = "/v1beta1/projects/{project}/services/{service}/consumerQuotaMetrics/{metric}/limits/{limit}/consumerOverrides";
    let one = "/v1beta1/projects/{project}/services/{service}/consumerQuotaMetrics/{metric}/limits/{limit}/consumerOverrides/{id}";
    api.get(
        "serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.list",
        all,
        overrides::list,
    )
    .post(
        "serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.create",
        all,
        overrides::create,
    )
    .patch(
        "serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.patch",
        one,
        overrides::patch,
    )
    .delete(
        "serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.delete",
        one,
        overrides::delete,
    )
}

async fn operation(call: Call) -> Answer {
    let name = call.param("name")?;
    let operation = call.view().get::<Operation>(name);
    let operation = operation.filter(|operation| operation.api == "serviceusage");
    let operation =
        operation.ok_or_else(|| ApiError::not_found(format!("Operation {name} not found.")))?;
    Reply::json(&operation.json())
}
