//! The methods of objects in the JSON API, but for those that make new ones.

use super::{
    bucket,
    conditions::Conditions,
    download, error,
    listing::{self, Entry, Which},
    object::{self, Object, Past, Settings, key, past_key},
    precondition::Preconditions,
    protection,
    write::next_generation,
};
use crate::{
    engine::timers,
    http::{Answer, ApiError, Call, Reply},
    store::View,
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;

/// Bucket, name and generation that a call names.
fn named(call: &Call) -> Result<(&str, &str, Option<u64>), ApiError> {
    Ok((
        call.param("bucket")?,
        call.param("object")?,
        call.query.parsed("generation")?,
    ))
}

pub(super) async fn get(call: Call) -> Answer {
    if call.query.get("alt") == Some("media") {
        return media(&call, &Method::GET, Object::etag).await;
    }
    let (bucket, name, generation) = named(&call)?;
    let view = call.view();
    if call.query.flag("softDeleted") {
        let generation = generation.ok_or_else(|| super::buckets::required("generation"))?;
        let past = object::find_past(&view, bucket, name, generation)
            .filter(|past| past.gone_after.is_some());
        let past = past.ok_or_else(|| error::no_object(bucket, name))?;
        return Reply::json(&past.json(&view, &call.app.url)?);
    }
    let object = found(&call, &view)?;
    Reply::json(&object.json(&view, &call.app.url)?)
}

/// The object that a read means, if its conditions hold.
fn found(call: &Call, view: &View) -> Result<Arc<Object>, ApiError> {
    let (bucket, name, generation) = named(call)?;
    let object = object::find(view, bucket, name, generation)?;
    let preconditions = Preconditions::of_query(call)?.or(Preconditions::of_headers(call)?);
    preconditions.check_read(&object)?;
    Ok(object)
}

/// An object's content, for both APIs.
pub(super) async fn media(call: &Call, method: &Method, etag: fn(&Object) -> String) -> Answer {
    let object = found(call, &call.view())?;
    Conditions::of(call)?.check(&object, &etag(&object))?;
    let answer = download::content(call, method, &object, etag(&object)).await;
    if answer.as_ref().is_err_and(|error| error.http == 500) {
        // The bytes may have gone between the look and the read because of an overwrite; then the new object is meant.
        let newest = found(call, &call.app.store.view())?;
        if newest.generation != object.generation {
            return download::content(call, method, &newest, etag(&newest)).await;
        }
    }
    answer
}

pub(super) async fn list(call: Call) -> Answer {
    let query = |name: &str| call.query.get(name).unwrap_or_default();
    let which = which(&call)?;
    let request = listing::Request {
        bucket: call.param("bucket")?,
        prefix: query("prefix"),
        delimiter: query("delimiter"),
        start: query("startOffset"),
        end: query("endOffset"),
        trailing_delimiter: call.query.flag("includeTrailingDelimiter"),
        which,
        most: listing::page_size(&call, "maxResults")?,
        token: call
            .query
            .get("pageToken")
            .filter(|token| !token.is_empty()),
    };
    let view = call.view();
    bucket::find(&view, request.bucket)?;
    let listing = listing::list(&view, &request)?;
    let items: Result<Vec<Value>, ApiError> = listing
        .entries
        .iter()
        .map(|entry| shown(&view, entry, &call.app.url))
        .collect();
    let items = items?;
    let mut answer = json!({ "kind": "storage#objects" });
    if !items.is_empty() {
        answer["items"] = items.into();
    }
    if !listing.prefixes.is_empty() {
        answer["prefixes"] = listing.prefixes.into();
    }
    if let Some(next) = listing.next {
        answer["nextPageToken"] = next.into();
    }
    Reply::json(&answer)
}

/// Which objects a list is to show.
fn which(call: &Call) -> Result<Which, ApiError> {
    if call.query.has("matchGlob") {
        return Err(ApiError::status(
            501,
            "local-gcp does not serve matchGlob; list by prefix instead",
        ));
    }
    match (call.query.flag("softDeleted"), call.query.flag("versions")) {
        (true, true) => Err(ApiError::invalid(
            "Cannot list both versions and soft-deleted objects.",
        )),
        (true, false) => Ok(Which::SoftDeleted),
        (false, true) => Ok(Which::Versions),
        (false, false) => Ok(Which::Live),
    }
}

fn shown(view: &View, entry: &Entry, url: &str) -> Result<Value, ApiError> {
    match entry {
        Entry::Live(object) => object.json(view, url),
        Entry::Past(past) => past.json(view, url),
    }
}

pub(super) async fn patch(call: Call) -> Answer {
    change(&call, Settings::patched)
}

pub(super) async fn update(call: Call) -> Answer {
    change(&call, |old, new| {
        let new = Settings::of(new)?;
        // An update replaces what is written to objects; the class changes by rewriting them.
        Ok(Settings {
            storage_class: old.storage_class.clone(),
            ..new
        })
    })
}

type Change = fn(&Settings, &Value) -> Result<Settings, ApiError>;

fn change(call: &Call, change: Change) -> Answer {
    let body: Value = call.json()?;
    let (bucket, name, generation) = named(call)?;
    let preconditions = Preconditions::of_query(call)?;
    let shown = call.write(|tx| {
        let old = object::find(tx, bucket, name, generation)?;
        preconditions.check(Some(&old))?;
        let mut new = (*old).clone();
        new.settings = change(&old.settings, &body)?;
        let may_shorten = call.query.flag("overrideUnlockedRetention");
        protection::check_retention(&old, &new, may_shorten, call.now())?;
        if old.settings.event_based_hold == Some(true)
            && new.settings.event_based_hold != Some(true)
        {
            new.hold_released = Some(call.now());
        }
        new.metageneration += 1;
        new.updated = call.now();
        let live = key(bucket, name);
        if tx
            .get::<Object>(&live)
            .is_some_and(|live| live.generation == new.generation)
        {
            tx.put(&live, new.clone());
        } else if let Some(past) = tx.get::<Past>(&past_key(&new)) {
            tx.put(
                &past_key(&new),
                Past {
                    object: new.clone(),
                    ..(*past).clone()
                },
            );
        }
        new.json(tx, &call.app.url)
    })?;
    Reply::json(&shown)
}

pub(super) async fn delete(call: Call) -> Answer {
    remove(&call, &Preconditions::of_query(&call)?)
}

/// Deletes an object, or one generation of it for good, for both APIs.
pub(super) fn remove(call: &Call, preconditions: &Preconditions) -> Answer {
    let (bucket, name, generation) = named(call)?;
    call.write(|tx| {
        let owner = bucket::find(tx, bucket)?;
        let object = object::find(tx, bucket, name, generation);
        if object.is_err() && *preconditions != Preconditions::default() {
            preconditions.check(None)?;
        }
        let object = object?;
        preconditions.check(Some(&object))?;
        match generation {
            None => protection::displace(&call.app, tx, &owner, &object),
            Some(_) => protection::erase(&call.app, tx, &owner, &object),
        }
    })?;
    Ok(Reply::bare(StatusCode::NO_CONTENT))
}

/// Brings a soft-deleted object back, as a new generation.
pub(super) async fn restore(call: Call) -> Answer {
    let (bucket, name, generation) = named(&call)?;
    let generation = generation.ok_or_else(|| super::buckets::required("generation"))?;
    let preconditions = Preconditions::of_query(&call)?;
    let shown = call.write(|tx| {
        let owner = bucket::find(tx, bucket)?;
        let past = object::find_past(tx, bucket, name, generation)
            .filter(|past| past.gone_after.is_some());
        let past = past.ok_or_else(|| error::no_object(bucket, name))?;
        let live = tx.get::<Object>(&key(bucket, name));
        preconditions.check(live.as_deref())?;
        if let Some(live) = live {
            protection::displace(&call.app, tx, &owner, &live)?;
        }
        let place = past_key(&past.object);
        timers::cancel(tx, "storage", &format!("gone {place}"));
        tx.delete::<Past>(&place);
        let object = Object {
            generation: next_generation(&call.app, tx),
            metageneration: 1,
            updated: call.now(),
            ..past.object.clone()
        };
        tx.put(&key(bucket, name), object.clone());
        object.json(tx, &call.app.url)
    })?;
    Reply::json(&shown)
}
