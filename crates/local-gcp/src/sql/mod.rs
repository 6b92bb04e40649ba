//! Cloud SQL Admin: instances, users and operations, under `/v1` (Google's client libraries) and `/sql/v1beta4` (gcloud).
//!
//! An instance here is a description. One that is seeded with `postgresUrl` stands for that server: what is done to its
//! users is done there.

mod enums;
mod instance;
mod instances;
mod operation;
mod operations;
mod postgres;
mod seed;
mod user;
mod users;

use crate::http::{Api, error};

/// Prefix of tables.
const API: &str = "sql";

/// The methods of one version of the API. Both versions have the same method names and the same state.
macro_rules! methods {
    ($api:expr, $base:literal) => {
        $api.get(
            "sql.instances.list",
            concat!($base, "/projects/{project}/instances"),
            instances::list,
        )
        .get(
            "sql.instances.get",
            concat!($base, "/projects/{project}/instances/{instance}"),
            instances::get,
        )
        .patch(
            "sql.instances.patch",
            concat!($base, "/projects/{project}/instances/{instance}"),
            instances::patch,
        )
        .secret(&["rootPassword"])
        .put(
            "sql.instances.update",
            concat!($base, "/projects/{project}/instances/{instance}"),
            instances::update,
        )
        .secret(&["rootPassword"])
        .get(
            "sql.users.list",
            concat!($base, "/projects/{project}/instances/{instance}/users"),
            users::list,
        )
        .get(
            "sql.users.get",
            concat!(
                $base,
                "/projects/{project}/instances/{instance}/users/{name}"
            ),
            users::get,
        )
        .post(
            "sql.users.insert",
            concat!($base, "/projects/{project}/instances/{instance}/users"),
            users::insert,
        )
        .secret(&["password"])
        .put(
            "sql.users.update",
            concat!($base, "/projects/{project}/instances/{instance}/users"),
            users::update,
        )
        .secret(&["password"])
        .delete(
            "sql.users.delete",
            concat!($base, "/projects/{project}/instances/{instance}/users"),
            users::delete,
        )
        .get(
            "sql.operations.get",
            concat!($base, "/projects/{project}/operations/{operation}"),
            operations::get,
        )
        .get(
            "sql.operations.list",
            concat!($base, "/projects/{project}/operations"),
            operations::list,
        )
    };
}

pub(crate) fn api() -> Api {
    let api = Api::new(API, "sqladmin.googleapis.com")
        .errors(error::with_reason)
        .table::<instance::Instance>()
        .table::<user::User>()
        .table::<operation::Operation>();
    methods!(methods!(api, "/v1"), "/sql/v1beta4")
        .on_seed(seed::seed)
        .on_start(operation::resume)
}
