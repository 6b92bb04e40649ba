//! How a new object comes to be, by whichever way its bytes came.

use super::{
    bucket,
    checksum::Expected,
    object::{Object, Settings, check_name, key},
    precondition::Preconditions,
    protection,
};
use crate::{
    app::App,
    http::{ApiError, Call},
    store::{Record, Tx, blobs::Blob},
};
use axum::body::Body;
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};

/// The last generation that was given away.
#[derive(Serialize, Deserialize)]
pub(super) struct LastGeneration(u64);

impl Record for LastGeneration {
    const TABLE: &'static str = "storage.last_generation";
}

/// An object that is to be.
#[derive(Clone, Debug)]
pub(super) struct NewObject {
    pub(super) bucket: String,
    pub(super) name: String,
    pub(super) settings: Settings,
    pub(super) blob: Blob,
    pub(super) component_count: Option<u32>,
    pub(super) expected: Expected,
    pub(super) preconditions: Preconditions,
}

/// Stores an object whose bytes are there already. When it is refused, the bytes are thrown away.
pub(super) fn store(call: &Call, new: NewObject) -> Result<Object, ApiError> {
    store_and(call, new, |_, _| Ok(()))
}

/// The same, with something that happens in the same transaction.
pub(super) fn store_and(
    call: &Call,
    new: NewObject,
    also: impl FnOnce(&mut Tx, &Object) -> Result<(), ApiError>,
) -> Result<Object, ApiError> {
    let id = new.blob.id.clone();
    let stored = new.expected.check(&new.blob).and_then(|()| {
        call.write(|tx| {
            let object = insert(&call.app, tx, new)?;
            also(tx, &object)?;
            Ok(object)
        })
    });
    if stored.is_err() {
        call.app.blobs.remove([id.as_str()]);
    }
    stored
}

/// Puts a new object in the place of what has its name now.
fn insert(app: &App, tx: &mut Tx, new: NewObject) -> Result<Object, ApiError> {
    let bucket = bucket::find(tx, &new.bucket)?;
    check_name(&new.name)?;
    let key = key(&new.bucket, &new.name);
    let live = tx.get::<Object>(&key);
    new.preconditions.check(live.as_deref())?;
    if let Some(live) = live {
        protection::displace(app, tx, &bucket, &live)?;
    }
    let now = app.clock.now();
    let mut settings = new.settings;
    settings
        .storage_class
        .get_or_insert_with(|| bucket.storage_class().to_owned());
    if bucket.holds_new_objects() {
        settings.event_based_hold.get_or_insert(true);
    }
    let object = Object {
        bucket: new.bucket,
        name: new.name,
        generation: next_generation(app, tx),
        metageneration: 1,
        blob: new.blob,
        settings,
        created: now,
        updated: now,
        component_count: new.component_count,
        hold_released: None,
    };
    tx.put(&key, object.clone());
    Ok(object)
}

/// Microseconds, as Google's generations look, and always more than the last.
pub(super) fn next_generation(app: &App, tx: &mut Tx) -> u64 {
    let last = tx.get::<LastGeneration>("last").map_or(0, |last| last.0);
    let now = u64::try_from(app.clock.now().as_microsecond()).unwrap_or(0);
    let next = now.max(last + 1);
    tx.put("last", LastGeneration(next));
    next
}

/// Reads a request's body into a blob, leaving out the first `skipped` bytes.
pub(super) async fn receive(app: &App, body: Body, mut skipped: usize) -> Result<Blob, ApiError> {
    let mut writer = app.blobs.writer().await?;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|e| ApiError::invalid(format!("the request body broke off: {e}")));
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                app.blobs
                    .remove([app.blobs.finish(writer).await?.id.as_str()]);
                return Err(error);
            }
        };
        let rest = &chunk[skipped.min(chunk.len())..];
        skipped -= skipped.min(chunk.len());
        writer.write(rest).await?;
    }
    Ok(app.blobs.finish(writer).await?)
}
