//! The billing of projects: read, link, unlink.

use super::accounts::{self, Account};
use crate::{
    app::App,
    google::page::{Page, listed},
    http::{Answer, ApiError, Call, Reply},
    store::{Record, View},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A project that was linked at some time, or seeded. Its key is its id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Project {
    /// Empty when it is linked to none.
    pub(super) account: String,
    /// Whether the account may not be changed.
    pub(super) locked: bool,
}

impl Record for Project {
    const TABLE: &'static str = "cloudbilling.projects";
}

/// The id of a project that is called by its id or by its number. Any project exists.
fn id(app: &App, view: &View, name: &str) -> String {
    let given = name.strip_prefix("projects/").unwrap_or(name);
    let Ok(number) = given.parse::<u64>() else {
        return given.to_owned();
    };
    let mut known = view
        .from::<Project>("")
        .map(|(id, _)| id)
        .chain([app.options.project.as_str()]);
    known
        .find(|id| app.identity.project_number(id) == number)
        .unwrap_or(given)
        .to_owned()
}

/// `ProjectBillingInfo`. What is empty or false is left out, as proto3's JSON has it.
fn info(view: &View, id: &str) -> Value {
    let mut info = json!({ "name": format!("projects/{id}/billingInfo"), "projectId": id });
    let account = view
        .get::<Project>(id)
        .map(|project| project.account.clone());
    if let Some(account) = account.filter(|account| !account.is_empty()) {
        if view
            .get::<Account>(&account)
            .is_some_and(|account| account.open)
        {
            info["billingEnabled"] = true.into();
        }
        info["billingAccountName"] = account.into();
    }
    info
}

pub(super) async fn get(call: Call) -> Answer {
    let view = call.view();
    let id = id(&call.app, &view, call.param("name")?);
    Reply::json(&info(&view, &id))
}

/// `ProjectBillingInfo` as callers send it: only the account counts.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Update {
    billing_account_name: String,
    #[serde(rename = "name")]
    _name: Option<String>,
    #[serde(rename = "projectId")]
    _project_id: Option<String>,
    #[serde(rename = "billingEnabled")]
    _billing_enabled: Option<bool>,
}

/// Links a project to an account; to none when the account's name is empty or absent.
pub(super) async fn update(call: Call) -> Answer {
    let Update {
        billing_account_name: account,
        ..
    } = call.json()?;
    if !account.is_empty() {
        accounts::check(&account)?;
    }
    let info = call.write(|tx| {
        let id = id(&call.app, tx, call.param("name")?);
        let old = tx.get::<Project>(&id);
        let locked = old.as_ref().is_some_and(|old| old.locked);
        if locked && old.is_some_and(|old| old.account != account) {
            return Err(ApiError::precondition(format!(
                "The link between project {id} and its billing account is locked; unlock it first."
            )));
        }
        if !account.is_empty() {
            accounts::find(tx, &account)?;
        }
        tx.put(&id, Project { account, locked });
        Ok(info(tx, &id))
    })?;
    Reply::json(&info)
}

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 100, 100)?;
    let account = call.param("name")?;
    let view = call.view();
    accounts::find(&view, account)?;
    let projects = view
        .from::<Project>("")
        .filter(|(_, project)| project.account == account)
        .map(|(id, _)| (id.to_owned(), info(&view, id)));
    let (projects, next) = page.cut(projects);
    Reply::json(&listed("projectBillingInfo", projects, next))
}
