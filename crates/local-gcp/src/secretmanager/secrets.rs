//! Secrets: create, get, list, patch, delete.

use super::{
    events, limits, names, schedule,
    secret::{self, Kept, Rotation, Secret},
    version,
};
use crate::{
    google::{
        filter::Filter,
        json,
        mask::FieldMask,
        page::{self, Page},
    },
    http::{Answer, ApiError, Call, Reply},
};
use jiff::{Timestamp, Unit};
use serde_json::{Value, json};

/// What a patch may change. `replication` only in the keys it names.
const MUTABLE: &[&str] = &[
    "labels",
    "annotations",
    "versionAliases",
    "topics",
    "rotation",
    "rotation.nextRotationTime",
    "rotation.rotationPeriod",
    "expireTime",
    "ttl",
    "versionDestroyTtl",
    "customerManagedEncryption",
    "replication",
    "replication.automatic.customerManagedEncryption",
    "replication.userManaged.replicas",
    "etag",
];

/// Google dates secrets to the microsecond.
pub(super) fn dated(call: &Call) -> Timestamp {
    let now = call.now();
    now.round(Unit::Microsecond).unwrap_or(now)
}

pub(super) async fn create(call: Call) -> Answer {
    let id = call.query.get("secretId").unwrap_or_default();
    names::check_id(id)?;
    let parent = names::numbered(&call.app, call.param("parent")?);
    let now = dated(&call);
    let mut secret = Secret {
        name: format!("{parent}/secrets/{id}"),
        create_time: Some(now),
        etag: names::new_etag(),
        policy_member: None,
        ..call.json()?
    };
    if secret.ttl.is_some() && secret.expire_time.is_some() {
        return Err(ApiError::invalid(
            "expire_time and ttl are one or the other; the request has both.",
        ));
    }
    secret.settle_expiry(now)?;
    drop_empty_rotation(&mut secret);
    limits::check(&secret, None, now)?;
    call.write(|tx| events::configure(&call.app, tx, &secret))?;
    call.write(|tx| {
        if tx.get::<Kept>(&secret.name).is_some() {
            return Err(ApiError::already_exists(format!(
                "Secret [{}] already exists.",
                secret.name
            )));
        }
        version::check_aliases(tx, &secret)?;
        let kept = Kept {
            secret: secret.clone(),
            last_version: 0,
        };
        tx.put(&secret.name, kept);
        schedule::set_timers(tx, &secret);
        events::secret(&call.app, tx, "SECRET_CREATE", &secret)
    })?;
    Reply::json(&secret.shown())
}

/// `rotation: {}` says nothing.
fn drop_empty_rotation(secret: &mut Secret) {
    if secret.rotation == Some(Rotation::default()) {
        secret.rotation = None;
    }
}

pub(super) async fn get(call: Call) -> Answer {
    let name = names::numbered(&call.app, call.param("name")?);
    Reply::json(&secret::find(&call.view(), &name)?.secret.shown())
}

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 25_000, 25_000)?;
    let filter = Filter::of(&call.query)?;
    let parent = names::numbered(&call.app, call.param("parent")?);
    let view = call.view();
    let mut secrets: Vec<(String, Value)> = view
        .with_prefix::<Kept>(&format!("{parent}/secrets/"))
        .filter(|(_, kept)| filter.matches(&kept.secret.shown()))
        .map(|(name, kept)| (newest_first(&kept.secret, name), kept.secret.shown()))
        .collect();
    secrets.sort_by(|a, b| a.0.cmp(&b.0));
    Reply::json(&listed("secrets", secrets, &page, &filter))
}

fn newest_first(secret: &Secret, name: &str) -> String {
    let created = secret.create_time.map_or(0, Timestamp::as_microsecond);
    format!("{:020} {name}", i64::MAX - created)
}

/// One page, with the size of the whole list where nothing was filtered out.
pub(super) fn listed(
    key: &str,
    items: Vec<(String, Value)>,
    page: &Page,
    filter: &Filter,
) -> Value {
    let total = if filter.is_empty() { items.len() } else { 0 };
    let (items, next) = page.cut(items.into_iter());
    let mut answer = page::listed(key, items, next);
    if total > 0 {
        answer["totalSize"] = total.into();
    }
    answer
}

pub(super) async fn patch(call: Call) -> Answer {
    let name = names::numbered(&call.app, call.param("name")?);
    let mask = call
        .query
        .get("updateMask")
        .ok_or_else(|| ApiError::invalid("The request has no update_mask."))?;
    let mask = FieldMask::parse(mask)?;
    if let Some(path) = mask.paths().find(|path| !MUTABLE.contains(&path.as_str())) {
        return Err(ApiError::invalid(format!(
            "The update_mask names {path:?}, which is no field of a secret that can be changed."
        )));
    }
    let change: Secret = call.json()?;
    // A field that is absent or empty in the body is cleared where the mask names it.
    let body: Value = call.json()?;
    if mask.paths().any(|path| path == "topics") {
        secret::find(&call.view(), &name)?;
        call.write(|tx| events::configure(&call.app, tx, &change))?;
    }
    let secret = call.write(|tx| {
        let kept = secret::find(tx, &name)?;
        names::check_etag(Some(&change.etag), &kept.secret.etag)?;
        let secret = changed(&kept.secret, &mask, &body, dated(&call))?;
        version::check_aliases(tx, &secret)?;
        let new = Kept {
            secret: secret.clone(),
            ..*kept
        };
        tx.put(&name, new);
        schedule::set_timers(tx, &secret);
        events::secret(&call.app, tx, "SECRET_UPDATE", &secret)?;
        Ok(secret)
    })?;
    Reply::json(&secret.shown())
}

fn changed(
    old: &Secret,
    mask: &FieldMask,
    body: &Value,
    now: Timestamp,
) -> Result<Secret, ApiError> {
    let mut value = json!(old);
    if mask.paths().any(|path| path == "ttl") {
        value
            .as_object_mut()
            .map(|fields| fields.remove("expireTime"));
    }
    mask.apply(&mut value, body);
    let mut secret: Secret = json::decode_value(value)?;
    secret.settle_expiry(now)?;
    drop_empty_rotation(&mut secret);
    if !same_places(old, &secret) {
        return Err(ApiError::invalid(
            "The secret's replication cannot be changed, only the keys that encrypt it.",
        ));
    }
    limits::check(&secret, Some(old), now)?;
    secret.etag = names::new_etag();
    Ok(secret)
}

/// Whether nothing but keys differs in the replication.
fn same_places(old: &Secret, new: &Secret) -> bool {
    let places = |secret: &Secret| {
        let replication = secret.replication.as_ref();
        replication.map(|replication| {
            let chosen = replication.user_managed.as_ref();
            let places = chosen.map(|chosen| {
                let places = chosen.replicas.iter();
                places.map(|r| r.location.clone()).collect::<Vec<_>>()
            });
            (replication.automatic.is_some(), places)
        })
    };
    places(old) == places(new)
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = names::numbered(&call.app, call.param("name")?);
    call.write(|tx| {
        let kept = secret::find(tx, &name)?;
        names::check_etag(call.query.get("etag"), &kept.secret.etag)?;
        schedule::delete(&call.app, tx, &kept.secret, "REQUESTED")
    })?;
    Ok(Reply::empty_json())
}
