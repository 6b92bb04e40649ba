//! Versions: add, access, get, list, enable, disable, destroy.

use super::{
    events, names, schedule, secret,
    secrets::{dated, listed},
    version::{self, Payload, State, Version},
};
use crate::{
    google::{filter::Filter, page::Page},
    http::{Answer, ApiError, Call, Reply},
    store::Tx,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    payload: Option<Payload>,
    /// Some clients repeat the path here.
    #[serde(default, rename = "parent")]
    _parent: Option<String>,
}

pub(super) async fn add(call: Call) -> Answer {
    let name = names::numbered(&call.app, call.param("parent")?);
    let payload = call.json::<Add>()?.payload;
    let payload = payload.ok_or_else(|| ApiError::invalid("Secret Payload cannot be empty."))?;
    let version = call.write(|tx| {
        let kept = secret::find(tx, &name)?;
        let version = version::add(tx, &kept, payload, dated(&call))?;
        events::version(&call.app, tx, "SECRET_VERSION_ADD", &kept.secret, &version)?;
        Ok(version)
    })?;
    Reply::json(&version)
}

pub(super) async fn access(call: Call) -> Answer {
    let name = names::numbered(&call.app, call.param("name")?);
    let view = call.view();
    let (version, _) = version::find(&view, &name)?;
    if version.state != State::Enabled {
        return Err(version::is_in_state(&version));
    }
    let payload = view
        .get::<Payload>(&version.name)
        .ok_or_else(|| version::is_in_state(&version))?;
    Reply::json(&json!({ "name": version.name, "payload": *payload }))
}

pub(super) async fn get(call: Call) -> Answer {
    let name = names::numbered(&call.app, call.param("name")?);
    Reply::json(&*version::find(&call.view(), &name)?.0)
}

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 25_000, 25_000)?;
    let filter = Filter::of(&call.query)?;
    let parent = names::numbered(&call.app, call.param("parent")?);
    let view = call.view();
    secret::find(&view, &parent)?;
    let versions = version::newest_first(&view, &parent).into_iter();
    let versions = versions.map(|(key, version)| (key, json!(*version)));
    let versions = versions
        .filter(|(_, version)| filter.matches(version))
        .collect();
    Reply::json(&listed("versions", versions, &page, &filter))
}

pub(super) async fn enable(call: Call) -> Answer {
    change(&call, |tx, version, _| {
        schedule::set_destruction(tx, &version.name, None);
        let version = Version {
            state: State::Enabled,
            scheduled_destroy_time: None,
            ..version
        };
        Ok(("SECRET_VERSION_ENABLE", version))
    })
}

pub(super) async fn disable(call: Call) -> Answer {
    change(&call, |tx, version, _| {
        schedule::set_destruction(tx, &version.name, None);
        let version = Version {
            state: State::Disabled,
            scheduled_destroy_time: None,
            ..version
        };
        Ok(("SECRET_VERSION_DISABLE", version))
    })
}

pub(super) async fn destroy(call: Call) -> Answer {
    let now = dated(&call);
    change(&call, |tx, version, secret| {
        if version.scheduled_destroy_time.is_some() {
            return Err(ApiError::precondition(format!(
                "Secret Version [{}] is already scheduled for DESTRUCTION.",
                version.name
            )));
        }
        let Some(delay) = secret.version_destroy_ttl else {
            return Ok((
                "SECRET_VERSION_DESTROY",
                version::destroy(tx, &version, now),
            ));
        };
        let at = now.saturating_add(delay).unwrap_or(Timestamp::MAX);
        schedule::set_destruction(tx, &version.name, Some(at));
        let version = Version {
            state: State::Disabled,
            scheduled_destroy_time: Some(at),
            ..version
        };
        Ok(("SECRET_VERSION_DESTROY_SCHEDULED", version))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    etag: Option<String>,
    /// Some clients repeat the path here.
    #[serde(default, rename = "name")]
    _name: Option<String>,
}

/// Changes the state of one version, which is named by its number, and tells the topics. Destroyed is for good.
fn change(
    call: &Call,
    to: impl FnOnce(&mut Tx, Version, &secret::Secret) -> Result<(&'static str, Version), ApiError>,
) -> Answer {
    let name = names::numbered(&call.app, call.param("name")?);
    let (_, which) = names::split_version(&name)?;
    if which.parse::<u64>().is_err() {
        return Err(ApiError::invalid(format!(
            "{which:?} is not the number of a version; neither aliases nor latest can be used here."
        )));
    }
    let condition: Condition = call.json()?;
    let version = call.write(|tx| {
        let (version, kept) = version::find(tx, &name)?;
        names::check_etag(condition.etag.as_deref(), &version.etag)?;
        if version.state == State::Destroyed {
            return Err(version::is_in_state(&version));
        }
        let (event, version) = to(tx, (*version).clone(), &kept.secret)?;
        let version = Version {
            etag: names::new_etag(),
            ..version
        };
        tx.put(&version.name, version.clone());
        events::version(&call.app, tx, event, &kept.secret, &version)?;
        Ok(version)
    })?;
    Reply::json(&version)
}
