//! Cloud Billing: accounts, and which project is charged to which.
//!
//! Unlinking a project stops nothing here: what runs goes on running. A `locked` project keeps its account.

mod accounts;
mod projects;
mod seed;

use crate::http::Api;

pub(crate) fn api() -> Api {
    Api::new("cloudbilling", "cloudbilling.googleapis.com")
        .table::<accounts::Account>()
        .table::<projects::Project>()
        .get(
            "cloudbilling.billingAccounts.list",
            "/v1/billingAccounts",
            accounts::list,
        )
        .get(
            "cloudbilling.billingAccounts.get",
            "/v1/{name=billingAccounts/*}",
            accounts::get,
        )
        .get(
            "cloudbilling.billingAccounts.projects.list",
            "/v1/{name=billingAccounts/*}/projects",
            projects::list,
        )
        .get(
            "cloudbilling.projects.getBillingInfo",
            "/v1/{name=projects/*}/billingInfo",
            projects::get,
        )
        .put(
            "cloudbilling.projects.updateBillingInfo",
            "/v1/{name=projects/*}/billingInfo",
            projects::update,
        )
        .on_seed(seed::seed)
}
