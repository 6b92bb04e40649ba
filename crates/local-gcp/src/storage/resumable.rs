//! Resumable uploads: a session, chunks in order, and the question how far it got.

use super::{
    checksum::Expected,
    object::{Settings, check_name},
    precondition::Preconditions,
    upload::{content_type, name, resource},
    write::{NewObject, receive, store_and},
};
use crate::{
    app::App,
    engine::timers,
    http::{Answer, ApiError, Call, Reply},
    store::{Record, Tx, blobs::Blob},
};
use axum::{
    body::to_bytes,
    http::{
        HeaderName, StatusCode,
        header::{LOCATION, RANGE},
    },
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A session is forgotten after a week, as Google's are.
const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
const LARGEST_METADATA: usize = 1 << 20;
const UPLOAD_ID: HeaderName = HeaderName::from_static("x-guploader-uploadid");

/// An upload that has begun. Its key is its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Session {
    bucket: String,
    name: String,
    settings: Settings,
    expected: Expected,
    preconditions: Preconditions,
    pub(super) parts: Vec<Blob>,
    /// The object it became, as it was answered then.
    done: Option<Value>,
}

impl Record for Session {
    const TABLE: &'static str = "storage.uploads";
}

impl Session {
    fn received(&self) -> u64 {
        self.parts.iter().map(|part| part.size).sum()
    }
}

pub(super) async fn start(call: Call) -> Answer {
    let body = to_bytes(call.take_stream(), LARGEST_METADATA).await;
    let resource =
        resource(&body.map_err(|e| ApiError::invalid(format!("cannot read the metadata: {e}")))?)?;
    let (bucket, name) = (call.param("bucket")?.to_owned(), name(&call, &resource)?);
    check_name(&name)?;
    let mut settings = Settings::of(&resource)?;
    settings
        .content_type
        .get_or_insert_with(|| content_type(call.header("x-upload-content-type")));
    let session = Session {
        expected: Expected::of_resource(&resource)?,
        preconditions: Preconditions::of_query(&call)?,
        bucket,
        name,
        settings,
        parts: vec![],
        done: None,
    };
    let id = format!("{:032x}", rand::random::<u128>());
    call.write(|tx| {
        super::bucket::find(tx, &session.bucket)?;
        let live =
            tx.get::<super::object::Object>(&super::object::key(&session.bucket, &session.name));
        session.preconditions.check(live.as_deref())?;
        let end = call
            .now()
            .saturating_add(LIFETIME)
            .unwrap_or(Timestamp::MAX);
        timers::set(tx, "storage", &format!("upload {id}"), end);
        tx.put(&id, session);
        Ok(())
    })?;
    // From our own address: the Rust client's Host header lacks the port.
    let location = format!(
        "{}/upload/storage/v1/b/{}/o?uploadType=resumable&upload_id={id}",
        call.app.url,
        call.param("bucket")?
    );
    let reply = Reply::bare(StatusCode::OK)
        .header(LOCATION, location)
        .header(UPLOAD_ID, id);
    Ok(reply.noting(resource, Value::Null))
}

/// What a `Content-Range` of a chunk says.
#[derive(Debug, PartialEq)]
enum Range {
    /// `bytes */*` or `bytes */TOTAL`.
    Query { total: Option<u64> },
    /// `bytes FIRST-LAST/TOTAL`, the total perhaps `*`.
    Chunk {
        first: u64,
        length: u64,
        total: Option<u64>,
    },
    /// No header: all that is left.
    Rest,
}

impl Range {
    fn parse(header: Option<&str>) -> Result<Self, ApiError> {
        let Some(text) = header else {
            return Ok(Self::Rest);
        };
        let read = || {
            let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
            let total = if total == "*" {
                None
            } else {
                Some(total.parse().ok()?)
            };
            if range == "*" {
                return Some(Self::Query { total });
            }
            let (first, last) = range.split_once('-')?;
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            let fits = last >= first && total.is_none_or(|total| last < total);
            fits.then(|| Self::Chunk {
                first,
                length: last - first + 1,
                total,
            })
        };
        read().ok_or_else(|| {
            ApiError::invalid(format!("Failed to parse Content-Range header: {text:?}"))
        })
    }
}

pub(super) async fn chunk(call: Call) -> Answer {
    let id = call.query.get("upload_id").unwrap_or_default().to_owned();
    let session = find(&call.app, &id)?;
    let range = Range::parse(call.header("content-range"))?;
    if let Some(object) = &session.done {
        return Reply::json(object);
    }
    let received = session.received();
    let (total, session) = match range {
        Range::Query { total } => (total, session),
        Range::Chunk {
            first,
            length,
            total,
        } => {
            let session = take(&call, &id, session, first, Some(length)).await?;
            (total, session)
        }
        Range::Rest => {
            let session = take(&call, &id, session, received, None).await?;
            (Some(session.received()), session)
        }
    };
    if total == Some(session.received()) {
        return complete(&call, &id, session).await;
    }
    let reply = Reply::bare(StatusCode::PERMANENT_REDIRECT).header(UPLOAD_ID, id);
    Ok(match session.received() {
        0 => reply,
        received => reply.header(RANGE, format!("bytes=0-{}", received - 1)),
    })
}

/// Stores a chunk. Bytes that were received before are left out; a gap is refused.
async fn take(
    call: &Call,
    id: &str,
    session: Session,
    first: u64,
    length: Option<u64>,
) -> Result<Session, ApiError> {
    let received = session.received();
    let Some(known) = received.checked_sub(first) else {
        return Err(ApiError::invalid(format!(
            "Invalid request. According to the Content-Range header, the upload offset is {first} byte(s), which exceeds \
             already uploaded size of {received} byte(s)."
        )));
    };
    let known = length.map_or(known, |length| known.min(length));
    let stream = call.take_stream();
    let blob = receive(
        &call.app,
        stream,
        usize::try_from(known).unwrap_or(usize::MAX),
    )
    .await?;
    let keep = |tx: &mut Tx| {
        let mut now = (*tx.get::<Session>(id).ok_or_else(|| gone(id))?).clone();
        let complete = length.is_none_or(|length| blob.size == length - known);
        // Another request may have been quicker; then this one's bytes are known already.
        if complete && now.received() == received && now.done.is_none() && blob.size > 0 {
            now.parts.push(blob.clone());
            tx.put(id, now.clone());
        }
        Ok(now)
    };
    let result: Result<Session, ApiError> = call.write(keep);
    if !result
        .as_ref()
        .is_ok_and(|session| session.parts.contains(&blob))
    {
        call.app.blobs.remove([blob.id.as_str()]);
    }
    result
}

async fn complete(call: &Call, id: &str, session: Session) -> Answer {
    let blobs = &call.app.blobs;
    let blob = match session.parts.as_slice() {
        [] => blobs.put(b"").await?,
        [one] => blobs.duplicate(one).await?,
        parts => blobs.concat(parts).await?,
    };
    let new = NewObject {
        bucket: session.bucket.clone(),
        name: session.name.clone(),
        settings: session.settings.clone(),
        blob,
        component_count: None,
        expected: session.expected.or(Expected::of_headers(call)?),
        preconditions: session.preconditions,
    };
    let mut shown = Value::Null;
    store_and(call, new, |tx, object| {
        shown = object.json(tx, &call.app.url)?;
        discard_parts(&call.app, tx, &session);
        tx.put(
            id,
            Session {
                parts: vec![],
                done: Some(shown.clone()),
                ..session
            },
        );
        Ok(())
    })?;
    Reply::json(&shown)
}

/// Gives a session up. Google answers the made-up status 499.
pub(super) async fn cancel(call: Call) -> Answer {
    let id = call.query.get("upload_id").unwrap_or_default();
    find(&call.app, id)?;
    call.write(|tx| {
        forget(&call.app, tx, id);
        timers::cancel(tx, "storage", &format!("upload {id}"));
        Ok(())
    })?;
    Ok(Reply::bare(
        StatusCode::from_u16(499).unwrap_or(StatusCode::NO_CONTENT),
    ))
}

/// Forgets a session and what it had received.
pub(super) fn forget(app: &App, tx: &mut Tx, id: &str) {
    if let Some(session) = tx.get::<Session>(id) {
        discard_parts(app, tx, &session);
        tx.delete::<Session>(id);
    }
}

fn discard_parts(app: &App, tx: &mut Tx, session: &Session) {
    let (app, ids) = (
        app.clone(),
        session
            .parts
            .iter()
            .map(|part| part.id.clone())
            .collect::<Vec<_>>(),
    );
    tx.afterwards(move || app.blobs.remove(ids.iter().map(String::as_str)));
}

fn find(app: &App, id: &str) -> Result<Session, ApiError> {
    app.store
        .view()
        .get::<Session>(id)
        .map(|session| (*session).clone())
        .ok_or_else(|| gone(id))
}

fn gone(id: &str) -> ApiError {
    ApiError::not_found(format!(
        "There is no upload session {id:?}; start the upload anew"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_or_refused() {
        assert_eq!(Range::parse(None).unwrap(), Range::Rest);
        assert_eq!(
            Range::parse(Some("bytes */*")).unwrap(),
            Range::Query { total: None }
        );
        assert_eq!(
            Range::parse(Some("bytes */0")).unwrap(),
            Range::Query { total: Some(0) }
        );
        let chunk = Range::Chunk {
            first: 0,
            length: 10,
            total: Some(12),
        };
        assert_eq!(Range::parse(Some("bytes 0-9/12")).unwrap(), chunk);
        for bad in [
            "0-9/12",
            "bytes 9-0/12",
            "bytes 0-12/12",
            "bytes a-b/*",
            "bytes 0-9",
        ] {
            assert!(Range::parse(Some(bad)).is_err(), "{bad}");
        }
    }
}
