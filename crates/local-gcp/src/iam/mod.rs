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
            "iam.serviceAccountKeys.upload",
            "/v1/{name=projects/*/serviceAccounts/*}/keys:upload",
            keys::upload,
        )
        .get(
            "iam.serviceAccountKeys.list",
            "/v1/{name=projects/*/serviceAccounts/*}/keys",
            keys::list,
        )
        .get(
            "iam.serviceAccountKeys.get",
            "/v1/{name=projects/*/serviceAccounts/*/keys/*}",
            keys::get,
        )
        .post(
            "iam.serviceAccountKeys.disable",
            "/v1/{name=projects/*/serviceAccounts/*/keys/*}:disable",
            keys::disable,
        )
        .post(
            "iam.serviceAccountKeys.enable",
            "/v1/{name=projects/*/serviceAccounts/*/keys/*}:enable",
            keys::enable,
        )
        .delete(
            "iam.serviceAccountKeys.delete",
            "/v1/{name=projects/*/serviceAccounts/*/keys/*}",
            keys::delete,
        )
        .post("oauth2.token", "/token", token::token)
        .secret(&["assertion", "access_token"])
}
