//! The section `cloudbilling` of a seed file.

use super::{
    accounts::{self, Account},
    projects::Project,
};
use crate::{app::App, google::json, http::ApiError, store::Tx};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Seed {
    #[serde(default)]
    billing_accounts: Vec<Account>,
    #[serde(default)]
    projects: Vec<SeededProject>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SeededProject {
    project_id: String,
    #[serde(default)]
    billing_account_name: String,
    #[serde(default)]
    locked: bool,
}

pub(super) fn seed(_: &App, tx: &mut Tx, section: Value) -> Result<(), ApiError> {
    let seed: Seed = json::decode_value(section)?;
    for account in seed.billing_accounts {
        accounts::check(&account.name)?;
        tx.put(&account.name.clone(), account);
    }
    for project in seed.projects {
        if !project.billing_account_name.is_empty() {
            accounts::find(tx, &project.billing_account_name)?;
        }
        tx.put(
            &project.project_id,
            Project {
                account: project.billing_account_name,
                locked: project.locked,
            },
        );
    }
    Ok(())
}
