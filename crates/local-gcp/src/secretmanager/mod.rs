//! Secret Manager: secrets, their versions, and the events that tell topics of them.
//!
//! ```text
//! addVersion ─► ENABLED ◄─► DISABLED ─► DESTROYED
//!                  └────────────────────────▲   with version_destroy_ttl by way of DISABLED + scheduledDestroyTime
//! ```
//!
//! Rotation here is what it is at Google's: at `next_rotation_time` the topics are told, and nothing else happens.

mod events;
mod limits;
mod names;
mod policy;
mod schedule;
mod secret;
mod secrets;
mod seed;
mod version;
mod versions;

use crate::http::{Answer, Api, ApiError, Call, Code};

/// Prefix of tables and timers.
const API: &str = "secretmanager";

/// The methods of global secrets and those of regional ones, which differ in their names only.
macro_rules! methods {
    ($api:expr, $id:literal, $parent:literal) => {
        $api.post(
            concat!($id, ".create"),
            concat!("/v1/{parent=", $parent, "}/secrets"),
            secrets::create,
        )
        .get(
            concat!($id, ".list"),
            concat!("/v1/{parent=", $parent, "}/secrets"),
            secrets::list,
        )
        .get(
            concat!($id, ".get"),
            concat!("/v1/{name=", $parent, "/secrets/*}"),
            secrets::get,
        )
        .patch(
            concat!($id, ".patch"),
            concat!("/v1/{name=", $parent, "/secrets/*}"),
            secrets::patch,
        )
        .delete(
            concat!($id, ".delete"),
            concat!("/v1/{name=", $parent, "/secrets/*}"),
            secrets::delete,
        )
        .get(
            concat!($id, ".getIamPolicy"),
            concat!("/v1/{resource=", $parent, "/secrets/*}:getIamPolicy"),
            policy::get,
        )
        .post(
            concat!($id, ".setIamPolicy"),
            concat!("/v1/{resource=", $parent, "/secrets/*}:setIamPolicy"),
            policy::set,
        )
        .post(
            concat!($id, ".testIamPermissions"),
            concat!("/v1/{resource=", $parent, "/secrets/*}:testIamPermissions"),
            policy::test,
        )
        .post(
            concat!($id, ".enableManagedRotation"),
            concat!("/v1/{parent=", $parent, "/secrets/*}:enableManagedRotation"),
            managed_rotation,
        )
        .post(
            concat!($id, ".rotateSecret"),
            concat!("/v1/{parent=", $parent, "/secrets/*}:rotateSecret"),
            managed_rotation,
        )
        .post(
            concat!($id, ".addVersion"),
            concat!("/v1/{parent=", $parent, "/secrets/*}:addVersion"),
            versions::add,
        )
        .secret(&["data", "dataCrc32c"])
        .get(
            concat!($id, ".versions.list"),
            concat!("/v1/{parent=", $parent, "/secrets/*}/versions"),
            versions::list,
        )
        .get(
            concat!($id, ".versions.get"),
            concat!("/v1/{name=", $parent, "/secrets/*/versions/*}"),
            versions::get,
        )
        .get(
            concat!($id, ".versions.access"),
            concat!("/v1/{name=", $parent, "/secrets/*/versions/*}:access"),
            versions::access,
        )
        .secret(&["data", "dataCrc32c"])
        .post(
            concat!($id, ".versions.enable"),
            concat!("/v1/{name=", $parent, "/secrets/*/versions/*}:enable"),
            versions::enable,
        )
        .post(
            concat!($id, ".versions.disable"),
            concat!("/v1/{name=", $parent, "/secrets/*/versions/*}:disable"),
            versions::disable,
        )
        .post(
            concat!($id, ".versions.destroy"),
            concat!("/v1/{name=", $parent, "/secrets/*/versions/*}:destroy"),
            versions::destroy,
        )
    };
}

pub(crate) fn api() -> Api {
    let api = Api::new(API, "secretmanager.googleapis.com")
        .table::<secret::Kept>()
        .table::<version::Version>()
        .table::<version::Payload>()
        .table::<events::Unsent>();
    let api = methods!(api, "secretmanager.projects.secrets", "projects/*");
    methods!(
        api,
        "secretmanager.projects.locations.secrets",
        "projects/*/locations/*"
    )
    .on_timer(schedule::on_timer)
    .on_seed(seed::seed)
}

async fn managed_rotation(_: Call) -> Answer {
    Err(ApiError::new(
        Code::Unimplemented,
        "local-gcp keeps secrets and tells of their schedules; Google's own managed rotation is not part of it.",
    ))
}
