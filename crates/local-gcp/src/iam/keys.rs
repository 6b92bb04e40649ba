//! `iam.projects.serviceAccounts.keys`: upload, list, get, disable, enable, delete.

use super::key::{Key, row};
use crate::{
    http::{Answer, ApiError, Call, Reply},
    store::View,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Google's limit of keys that one account may have.
const MAX_KEYS: usize = 10;

/// Project, account and, of a key's name, its id. A project may be `-`: the account says which.
fn parts(call: &Call) -> Result<(&str, &str, &str), ApiError> {
    let name = call.param("name")?;
    let mut parts = name.split('/').skip(1).step_by(2);
    let mut part = || parts.next().unwrap_or_default();
    Ok((part(), part(), part()))
}

fn of_account(view: &View, account: &str) -> Vec<Arc<Key>> {
    let prefix = format!("{account}/");
    view.with_prefix::<Key>(&prefix)
        .map(|(_, key)| key.clone())
        .collect()
}

fn find(view: &View, account: &str, id: &str) -> Result<Arc<Key>, ApiError> {
    let key = view.get::<Key>(&row(account, id));
    key.ok_or_else(|| ApiError::not_found(format!("Service account key {id} does not exist.")))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Upload {
    public_key_data: String,
}

pub(super) async fn upload(call: Call) -> Answer {
    let (project, account, _) = parts(&call)?;
    let Upload { public_key_data } = call.json()?;
    let pem = STANDARD.decode(public_key_data);
    let pem = pem.map_err(|_| ApiError::invalid("public_key_data is not base64."))?;
    let project = match project {
        "-" => call.app.options.project.as_str(),
        project => project,
    };
    let key = Key::read(project, account, &pem)?;
    let shown = key.json(false);
    call.write(|tx| {
        let row = row(account, &key.id);
        if tx.get::<Key>(&row).is_some() {
            return Err(ApiError::already_exists(
                "The service account has this public key already.",
            ));
        }
        if of_account(tx, account).len() >= MAX_KEYS {
            return Err(ApiError::precondition(
                "Maximum number of keys on account reached.",
            ));
        }
        tx.put(&row, key);
        Ok(())
    })?;
    Reply::json(&shown)
}

pub(super) async fn list(call: Call) -> Answer {
    let (_, account, _) = parts(&call)?;
    let system_only = call.query.get("keyTypes") == Some("SYSTEM_MANAGED");
    let keys: Vec<Value> = of_account(&call.view(), account)
        .iter()
        .filter(|_| !system_only)
        .map(|key| key.json(false))
        .collect();
    Reply::json(&json!({ "keys": keys }))
}

pub(super) async fn get(call: Call) -> Answer {
    let (_, account, id) = parts(&call)?;
    let public = call.query.get("publicKeyType") == Some("TYPE_X509_PEM_FILE");
    Reply::json(&find(&call.view(), account, id)?.json(public))
}

pub(super) async fn disable(call: Call) -> Answer {
    set(&call, true)
}

pub(super) async fn enable(call: Call) -> Answer {
    set(&call, false)
}

fn set(call: &Call, disabled: bool) -> Answer {
    let (_, account, id) = parts(call)?;
    call.write(|tx| {
        let mut key = Key::clone(&*find(tx, account, id)?);
        key.disabled = disabled;
        tx.put(&row(account, id), key);
        Ok(())
    })?;
    Ok(Reply::empty_json())
}

pub(super) async fn delete(call: Call) -> Answer {
    let (_, account, id) = parts(&call)?;
    call.write(|tx| {
        find(tx, account, id)?;
        tx.delete::<Key>(&row(account, id));
        Ok(())
    })?;
    Ok(Reply::empty_json())
}
