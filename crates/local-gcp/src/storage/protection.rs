//! What may not be deleted or overwritten yet, and what becomes of what is.

use super::{
    bucket::Bucket,
    error,
    object::{Object, Past, key, past_key},
};
use crate::{app::App, engine::timers, google::json::rfc3339, http::ApiError, store::Tx};
use jiff::Timestamp;

/// Until when the bucket's retention policy or the object's own retention keeps it. An event-based hold keeps it without
/// an end that could be told.
pub(super) fn retained_until(bucket: &Bucket, object: &Object) -> Option<Timestamp> {
    let held = object.settings.event_based_hold == Some(true);
    let by_policy = bucket.retention_period().filter(|_| !held).map(|period| {
        let begin = object.hold_released.unwrap_or(object.created);
        begin.saturating_add(period).unwrap_or(Timestamp::MAX)
    });
    by_policy.max(
        object
            .settings
            .retention
            .as_ref()
            .map(|retention| retention.retain_until_time),
    )
}

fn refuse_held(object: &Object) -> Result<(), ApiError> {
    let hold = match (
        object.settings.temporary_hold,
        object.settings.event_based_hold,
    ) {
        (Some(true), _) => "Temporary",
        (_, Some(true)) => "Event-Based",
        _ => return Ok(()),
    };
    let message = format!(
        "Object '{}/{}' is under active {hold} hold and cannot be deleted, overwritten or archived until hold is removed.",
        object.bucket, object.name
    );
    Err(error::forbidden("objectUnderActiveHold", message))
}

fn refuse_retained(bucket: &Bucket, object: &Object, now: Timestamp) -> Result<(), ApiError> {
    match retained_until(bucket, object).filter(|until| now < *until) {
        None => Ok(()),
        Some(until) => Err(error::forbidden(
            "retentionPolicyNotMet",
            format!(
                "Object '{}/{}' is subject to bucket's retention policy or object retention and cannot be deleted or \
                 overwritten until {}",
                object.bucket,
                object.name,
                rfc3339(until)
            ),
        )),
    }
}

/// A retention that is locked only grows; one that is not needs a word to become shorter.
pub(super) fn check_retention(
    old: &Object,
    new: &Object,
    may_shorten: bool,
    now: Timestamp,
) -> Result<(), ApiError> {
    if let Some(retention) = &new.settings.retention
        && !matches!(retention.mode.as_str(), "Locked" | "Unlocked")
    {
        return Err(ApiError::invalid(format!(
            "retention.mode must be Locked or Unlocked, but is {:?}",
            retention.mode
        )));
    }
    let Some(before) = old
        .settings
        .retention
        .as_ref()
        .filter(|before| now < before.retain_until_time)
    else {
        return Ok(());
    };
    let locked = before.mode == "Locked";
    let after = new.settings.retention.as_ref();
    let weaker = after.is_none_or(|after| {
        after.retain_until_time < before.retain_until_time || (locked && after.mode != "Locked")
    });
    match (weaker, locked, may_shorten) {
        (false, ..) | (true, false, true) => Ok(()),
        (true, true, _) => Err(error::forbidden(
            "forbidden",
            "The locked retention of an object cannot be shortened or removed.",
        )),
        (true, false, false) => Err(error::forbidden(
            "forbidden",
            "The retention of an object can be shortened or removed only with overrideUnlockedRetention=true.",
        )),
    }
}

/// Takes a live object out of sight, because it is overwritten or deleted: it becomes a noncurrent version, can be
/// restored for a while, or is gone, as its bucket says.
pub(super) fn displace(
    app: &App,
    tx: &mut Tx,
    bucket: &Bucket,
    object: &Object,
) -> Result<(), ApiError> {
    refuse_held(object)?;
    let now = app.clock.now();
    if bucket.keeps_versions() {
        tx.delete::<Object>(&key(&object.bucket, &object.name));
        tx.put(
            &past_key(object),
            Past {
                object: object.clone(),
                deleted: now,
                gone_after: None,
            },
        );
        return Ok(());
    }
    erase(app, tx, bucket, object)
}

/// Deletes an object for good, live or noncurrent, as far as soft delete lets it.
pub(super) fn erase(
    app: &App,
    tx: &mut Tx,
    bucket: &Bucket,
    object: &Object,
) -> Result<(), ApiError> {
    refuse_held(object)?;
    let now = app.clock.now();
    refuse_retained(bucket, object, now)?;
    let live = key(&object.bucket, &object.name);
    if tx
        .get::<Object>(&live)
        .is_some_and(|live| live.generation == object.generation)
    {
        tx.delete::<Object>(&live);
    }
    let past = past_key(object);
    let Some(grace) = bucket.soft_delete() else {
        tx.delete::<Past>(&past);
        drop_blob(app, tx, object);
        return Ok(());
    };
    let end = now.saturating_add(grace).unwrap_or(Timestamp::MAX);
    tx.put(
        &past,
        Past {
            object: object.clone(),
            deleted: now,
            gone_after: Some(end),
        },
    );
    timers::set(tx, "storage", &format!("gone {past}"), end);
    Ok(())
}

/// Removes an object's content once the transaction is kept.
pub(super) fn drop_blob(app: &App, tx: &mut Tx, object: &Object) {
    let (app, id) = (app.clone(), object.blob.id.clone());
    tx.afterwards(move || app.blobs.remove([id.as_str()]));
}

/// The time in which a deleted object could be restored is over.
pub(super) fn forget(app: &App, tx: &mut Tx, past_key: &str) {
    if let Some(past) = tx
        .get::<Past>(past_key)
        .filter(|past| past.gone_after.is_some())
    {
        tx.delete::<Past>(past_key);
        drop_blob(app, tx, &past.object);
    }
}
