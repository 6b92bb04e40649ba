//! IAM: the keys that users upload for service accounts, and `oauth2.googleapis.com/token`, which takes what is signed with
//! them.
//!
//! Any service account exists. Keys that Google makes are not served: only those whose private half stays with its user.

mod key;
mod keys;
mod token;

use crate::http::Api;

pub(crate) fn api() -> Api {
    Api::new("iam", "iam.googleapis.com")
        .table::<key::Key>()
        .post(
            "iam.projects.serviceAccounts.keys.upload",
            "/v1/{name=projects/*/serviceAccounts/*}/keys:upload",
            keys::upload,
        )
        .get(
            "iam.projects.serviceAccounts.keys.list",
            "/v1/{name=projects/*/serviceAccounts/*}/keys",
            keys::list,
        )
        .get(
            "iam.projects.serviceAccounts.keys.get",
            "/v1/{name=projects/*/serviceAccounts/*/keys/*}",
            keys::get,
        )
        .post(
            "iam.projects.serviceAccounts.keys.disable",
            "/v1/{name=projects/*/serviceAccounts/*/keys/*}:disable",
            keys::disable,
        )
        .post(
            "iam.projects.serviceAccounts.keys.enable",
            "/v1/{name=projects/*/serviceAccounts/*/keys/*}:enable",
            keys::enable,
        )
        .delete(
            "iam.projects.serviceAccounts.keys.delete",
            "/v1/{name=projects/*/serviceAccounts/*/keys/*}",
            keys::delete,
        )
        .post("oauth2.token", "/token", token::token)
        .secret(&["assertion", "access_token"])
}
