//! Billing accounts: list, get.

use crate::{
    google::{
        filter::Filter,
        page::{Page, listed},
    },
    http::{Answer, ApiError, Call, Reply},
    store::{Record, View},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// A billing account, in the form of the API. Its key is its name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Account {
    pub(super) name: String,
    /// A closed account pays for nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) open: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    display_name: String,
    #[serde(
        rename = "masterBillingAccount",
        skip_serializing_if = "String::is_empty"
    )]
    master: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    currency_code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    parent: String,
}

impl Record for Account {
    const TABLE: &'static str = "cloudbilling.accounts";
}

/// Checks a name such as `billingAccounts/012345-567890-ABCDEF`.
pub(super) fn check(name: &str) -> Result<(), ApiError> {
    let hex = |part: &str| {
        part.len() == 6
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
    };
    let id = name.strip_prefix("billingAccounts/").unwrap_or_default();
    if id.split('-').count() == 3 && id.split('-').all(hex) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{name:?} is not the name of a billing account; write billingAccounts/012345-567890-ABCDEF"
    )))
}

pub(super) fn find(view: &View, name: &str) -> Result<Arc<Account>, ApiError> {
    view.get::<Account>(name)
        .ok_or_else(|| ApiError::not_found(format!("Billing account {name} not found.")))
}

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 100, 100)?;
    let filter = Filter::of(&call.query)?;
    let view = call.view();
    let accounts = view
        .from::<Account>("")
        .map(|(name, account)| (name.to_owned(), json!(**account)))
        .filter(|(_, account)| filter.matches(account));
    let (accounts, next) = page.cut(accounts);
    Reply::json(&listed("billingAccounts", accounts, next))
}

pub(super) async fn get(call: Call) -> Answer {
    Reply::json(&*find(&call.view(), call.param("name")?)?)
}
