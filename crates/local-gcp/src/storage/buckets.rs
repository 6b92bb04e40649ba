//! The methods of buckets.

use super::{
    bucket::{self, Bucket},
    error,
    listing::{self, Which},
    object::{Object, Past, key},
    precondition::Preconditions,
};
use crate::{
    app::App,
    google::{iam, json, page::Page},
    http::{Answer, ApiError, Call, Reply},
    store::{Tx, View},
};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) async fn insert(call: Call) -> Answer {
    let mut settings: Value = call.json()?;
    if call.query.flag("enableObjectRetention") {
        settings["objectRetention"] = json!({ "mode": "Enabled" });
    }
    let project = call
        .query
        .get("project")
        .ok_or_else(|| required("project"))?;
    let name = settings
        .get("name")
        .and_then(Value::as_str)
        .ok_or_else(|| required("name"))?;
    let number = call.app.identity.project_number(project);
    let bucket = call.write(|tx| create(&call.app, tx, name, number, &settings))?;
    Reply::json(&bucket.json(&call.app.url))
}

pub(super) fn required(parameter: &str) -> ApiError {
    ApiError::invalid(format!("Required parameter: {parameter}")).with_reason("required")
}

fn create(
    app: &App,
    tx: &mut Tx,
    name: &str,
    number: u64,
    settings: &Value,
) -> Result<Bucket, ApiError> {
    let bucket = Bucket::new(name, number, settings, app.clock.now())?;
    if let Some(taken) = tx.get::<Bucket>(name) {
        return Err(error::conflict(if taken.project_number == number {
            "Your previous request to create the named bucket succeeded and you already own it."
        } else {
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
             Please select a different name and try again."
        }));
    }
    tx.put(name, bucket.clone());
    Ok(bucket)
}

pub(super) async fn list(call: Call) -> Answer {
    let project = call
        .query
        .get("project")
        .ok_or_else(|| required("project"))?;
    let number = call.app.identity.project_number(project);
    let page = Page::of(&call.query, "maxResults", 1000, 1000)?;
    let view = call.view();
    let prefix = call.query.get("prefix").unwrap_or_default();
    let buckets = view
        .with_prefix::<Bucket>(prefix)
        .filter(|(_, bucket)| bucket.project_number == number);
    let (items, next) =
        page.cut(buckets.map(|(name, bucket)| (name.to_owned(), bucket.json(&call.app.url))));
    let mut answer = json!({ "kind": "storage#buckets" });
    if !items.is_empty() {
        answer["items"] = items.into();
    }
    if let Some(next) = next {
        answer["nextPageToken"] = next.into();
    }
    Reply::json(&answer)
}

pub(super) async fn get(call: Call) -> Answer {
    let bucket = bucket::find(&call.view(), call.param("bucket")?)?;
    Preconditions::of_query(&call)?.check_bucket(&bucket)?;
    Reply::json(&bucket.json(&call.app.url))
}

pub(super) async fn patch(call: Call) -> Answer {
    change(&call, Bucket::patched)
}

pub(super) async fn update(call: Call) -> Answer {
    change(&call, Bucket::replaced)
}

type Change = fn(&Bucket, &Value, jiff::Timestamp) -> Result<Bucket, ApiError>;

fn change(call: &Call, change: Change) -> Answer {
    let settings: Value = call.json()?;
    let name = call.param("bucket")?;
    let preconditions = Preconditions::of_query(call)?;
    let bucket = call.write(|tx| {
        let bucket = bucket::find(tx, name)?;
        preconditions.check_bucket(&bucket)?;
        let bucket = change(&bucket, &settings, call.now())?;
        tx.put(name, bucket.clone());
        Ok(bucket)
    })?;
    Reply::json(&bucket.json(&call.app.url))
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = call.param("bucket")?;
    let preconditions = Preconditions::of_query(&call)?;
    call.write(|tx| {
        let bucket = bucket::find(tx, name)?;
        preconditions.check_bucket(&bucket)?;
        if !is_empty(tx, name)? {
            return Err(error::conflict(
                "The bucket you tried to delete is not empty.",
            ));
        }
        tx.delete::<Bucket>(name);
        iam::forget(tx, &policy_of(name));
        // What could be restored goes with its bucket.
        let soft_deleted: Vec<String> = tx
            .with_prefix::<Past>(&key(name, ""))
            .map(|(key, _)| key.to_owned())
            .collect();
        for past in soft_deleted {
            crate::engine::timers::cancel(tx, "storage", &format!("gone {past}"));
            super::protection::forget(&call.app, tx, &past);
        }
        Ok(())
    })?;
    Ok(Reply::bare(StatusCode::NO_CONTENT))
}

fn is_empty(view: &View, bucket: &str) -> Result<bool, ApiError> {
    let request = listing::Request {
        bucket,
        which: Which::Versions,
        most: 1,
        ..listing::Request::default()
    };
    Ok(listing::list(view, &request)?.entries.is_empty())
}

pub(super) async fn lock_retention_policy(call: Call) -> Answer {
    let name = call.param("bucket")?;
    let preconditions = Preconditions::of_query(&call)?;
    if preconditions.metageneration_match.is_none() {
        return Err(required("ifMetagenerationMatch"));
    }
    let bucket = call.write(|tx| {
        let bucket = bucket::find(tx, name)?;
        preconditions.check_bucket(&bucket)?;
        let bucket = bucket.locked(call.now())?;
        tx.put(name, bucket.clone());
        Ok(bucket)
    })?;
    Reply::json(&bucket.json(&call.app.url))
}

pub(super) async fn storage_layout(call: Call) -> Answer {
    let bucket = bucket::find(&call.view(), call.param("bucket")?)?;
    Reply::json(&json!({
        "kind": "storage#storageLayout",
        "bucket": bucket.name,
        "location": bucket.location(),
        "locationType": bucket.location_type(),
    }))
}

/// None, because none can be made here; gcloud asks before it removes a bucket.
pub(super) async fn managed_folders(call: Call) -> Answer {
    bucket::find(&call.view(), call.param("bucket")?)?;
    Reply::json(&json!({ "kind": "storage#managedFolders" }))
}

fn policy_of(bucket: &str) -> String {
    format!("projects/_/buckets/{bucket}")
}

pub(super) async fn get_iam_policy(call: Call) -> Answer {
    let bucket = call.param("bucket")?;
    let view = call.view();
    bucket::find(&view, bucket)?;
    Reply::json(&shown_policy(bucket, iam::get(&view, &policy_of(bucket))))
}

pub(super) async fn set_iam_policy(call: Call) -> Answer {
    let bucket = call.param("bucket")?;
    let policy: Value = call.json()?;
    let set = call.write(|tx| {
        bucket::find(tx, bucket)?;
        iam::set(tx, &policy_of(bucket), &policy)
    })?;
    Reply::json(&shown_policy(bucket, set))
}

fn shown_policy(bucket: &str, mut policy: Value) -> Value {
    policy["kind"] = "storage#policy".into();
    policy["resourceId"] = policy_of(bucket).into();
    policy
}

pub(super) async fn test_iam_permissions(call: Call) -> Answer {
    let bucket = call.param("bucket")?;
    bucket::find(&call.view(), bucket)?;
    let permissions: Vec<&str> = call.query.all("permissions").collect();
    Reply::json(
        &json!({ "kind": "storage#testIamPermissionsResponse", "permissions": permissions }),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    #[serde(default)]
    buckets: Vec<Value>,
}

/// `{"buckets": [{"name": …, "project": …, settings …}]}`; the project is the server's own if absent.
pub(super) fn seed(app: &App, tx: &mut Tx, section: Value) -> Result<(), ApiError> {
    let seed: Seed = json::decode_value(section)?;
    for settings in seed.buckets {
        let mut fields: BTreeMap<String, Value> = json::decode_value(settings)?;
        let project = fields.remove("project");
        let project = project
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or(&app.options.project);
        let name = fields
            .get("name")
            .and_then(Value::as_str)
            .ok_or_else(|| required("name"))?
            .to_owned();
        let number = app.identity.project_number(project);
        let objects = tx.with_prefix::<Object>(&key(&name, "")).count();
        let settings = json!(fields);
        match tx.get::<Bucket>(&name) {
            Some(old) if objects > 0 => {
                let new = old.patched(&settings, app.clock.now())?;
                tx.put(&name, new);
            }
            _ => tx.put(
                &name,
                Bucket::new(&name, number, &settings, app.clock.now())?,
            ),
        }
    }
    Ok(())
}
