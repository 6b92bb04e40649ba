//! Uploads in parts that may come in any order, several at once, and again.

use super::{
    super::{
        bucket,
        checksum::Expected,
        download::hashes,
        object::{Settings, check_name},
        precondition::Preconditions,
        write::{NewObject, receive, store_and},
    },
    etag, hex_etag,
    objects::{settings, written},
};
use crate::{
    app::App,
    http::{Answer, ApiError, Call, Reply},
    store::{Record, Tx, View, blobs::Blob},
};
use axum::http::{StatusCode, header::ETAG};
use serde::{Deserialize, Serialize};

/// All parts but the last are at least this large.
const SMALLEST_PART: u64 = 5 << 20;
const MOST_PARTS: u32 = 10_000;

/// An upload that has begun. Its key is its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    bucket: String,
    name: String,
    settings: Settings,
}

impl Record for Upload {
    const TABLE: &'static str = "storage.multipart_uploads";
}

/// A part that was received. Its key is the upload's id, a slash and its number in five digits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Piece(Blob);

impl Record for Piece {
    const TABLE: &'static str = "storage.multipart_parts";
}

/// The blobs that uploads hold.
pub(in super::super) fn parts(view: &View) -> impl Iterator<Item = &Blob> {
    view.from::<Piece>("").map(|(_, piece)| &piece.0)
}

fn find(view: &View, call: &Call) -> Result<(String, Upload), ApiError> {
    let id = call.query.get("uploadId").unwrap_or_default();
    let upload = view.get::<Upload>(id).map(|upload| (*upload).clone());
    let (bucket, name) = (call.param("bucket")?, call.param("object")?);
    let upload = upload.filter(|upload| upload.bucket == bucket && upload.name == name);
    let missing = || {
        ApiError::not_found(format!("There is no upload {id:?} of {bucket}/{name}"))
            .with_reason("noSuchUpload")
    };
    Ok((id.to_owned(), upload.ok_or_else(missing)?))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InitiateMultipartUploadResult<'a> {
    bucket: &'a str,
    key: &'a str,
    upload_id: &'a str,
}

pub(super) async fn start(call: Call) -> Answer {
    let (bucket, name) = (call.param("bucket")?, call.param("object")?);
    check_name(name)?;
    let id = format!("{:032x}", rand::random::<u128>());
    let upload = Upload {
        bucket: bucket.to_owned(),
        name: name.to_owned(),
        settings: settings(&call),
    };
    call.write(|tx| {
        bucket::find(tx, bucket)?;
        tx.put(&id, upload);
        Ok(())
    })?;
    super::reply(
        "InitiateMultipartUploadResult",
        &InitiateMultipartUploadResult {
            bucket,
            key: name,
            upload_id: &id,
        },
    )
}

pub(super) async fn put_part(call: Call) -> Answer {
    let number = call
        .query
        .parsed::<u32>("partNumber")?
        .filter(|number| (1..=MOST_PARTS).contains(number));
    let number = number.ok_or_else(|| {
        ApiError::invalid(format!("partNumber must be between 1 and {MOST_PARTS}"))
    })?;
    find(&call.app.store.view(), &call)?;
    let expected = Expected::of_headers(&call)?;
    let blob = receive(&call.app, call.take_stream(), 0).await?;
    let kept = expected.check(&blob).and_then(|()| {
        call.write(|tx| {
            let (id, _) = find(tx, &call)?;
            let key = format!("{id}/{number:05}");
            if let Some(old) = tx.get::<Piece>(&key) {
                discard(&call.app, tx, &old.0);
            }
            tx.put(&key, Piece(blob.clone()));
            Ok(())
        })
    });
    if kept.is_err() {
        call.app.blobs.remove([blob.id.as_str()]);
    }
    kept?;
    Ok(hashes(Reply::bare(StatusCode::OK), &blob).header(ETAG, part_etag(&blob)))
}

fn part_etag(blob: &Blob) -> String {
    blob.md5.map(hex_etag).unwrap_or_default()
}

fn discard(app: &App, tx: &mut Tx, blob: &Blob) {
    let (app, id) = (app.clone(), blob.id.clone());
    tx.afterwards(move || app.blobs.remove([id.as_str()]));
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListPartsResult<'a> {
    bucket: &'a str,
    key: &'a str,
    upload_id: &'a str,
    is_truncated: bool,
    part: Vec<ListedPart>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPart {
    part_number: u32,
    #[serde(rename = "ETag")]
    etag: String,
    size: u64,
}

pub(super) async fn list_parts(call: Call) -> Answer {
    let view = call.view();
    let (id, upload) = find(&view, &call)?;
    let part = received(&view, &id)
        .into_iter()
        .map(|(number, blob)| ListedPart {
            part_number: number,
            etag: part_etag(&blob),
            size: blob.size,
        });
    super::reply(
        "ListPartsResult",
        &ListPartsResult {
            bucket: &upload.bucket,
            key: &upload.name,
            upload_id: &id,
            is_truncated: false,
            part: part.collect(),
        },
    )
}

fn received(view: &View, id: &str) -> Vec<(u32, Blob)> {
    let prefix = format!("{id}/");
    let pieces = view.with_prefix::<Piece>(&prefix);
    pieces
        .map(|(key, piece)| (key[prefix.len()..].parse().unwrap_or(0), piece.0.clone()))
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CompleteMultipartUpload {
    #[serde(default)]
    part: Vec<NamedPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamedPart {
    part_number: u32,
    #[serde(rename = "ETag")]
    etag: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CompleteMultipartUploadResult<'a> {
    location: String,
    bucket: &'a str,
    key: &'a str,
    #[serde(rename = "ETag")]
    etag: String,
}

pub(super) async fn complete(call: Call) -> Answer {
    let view = call.app.store.view();
    let (id, upload) = find(&view, &call)?;
    let request: CompleteMultipartUpload =
        quick_xml::de::from_reader(&call.body[..]).map_err(|e| {
            ApiError::invalid(format!("The list of parts cannot be read: {e}"))
                .with_reason("malformedXML")
        })?;
    let blobs = chosen(&request.part, &received(&view, &id))?;
    let blob = call.app.blobs.concat(&blobs).await?;
    let new = NewObject {
        bucket: upload.bucket.clone(),
        name: upload.name.clone(),
        settings: upload.settings,
        blob: Blob { md5: None, ..blob },
        component_count: None,
        expected: Expected::of_headers(&call)?,
        preconditions: Preconditions::of_headers(&call)?,
    };
    let object = store_and(&call, new, |tx, _| {
        find(tx, &call)?;
        forget(&call.app, tx, &id);
        Ok(())
    })?;
    let result = CompleteMultipartUploadResult {
        location: format!("{}/{}/{}", call.app.url, upload.bucket, upload.name),
        bucket: &upload.bucket,
        key: &upload.name,
        etag: etag(&object),
    };
    Ok(written(
        super::reply("CompleteMultipartUploadResult", &result)?,
        &object,
    ))
}

/// The parts that the caller wants, if they are there and may be joined.
fn chosen(wanted: &[NamedPart], received: &[(u32, Blob)]) -> Result<Vec<Blob>, ApiError> {
    let refuse = |reason, message: String| ApiError::invalid(message).with_reason(reason);
    if wanted.is_empty() {
        return Err(refuse(
            "malformedXML",
            "The list of parts is empty".to_owned(),
        ));
    }
    if !wanted.is_sorted_by(|a, b| a.part_number < b.part_number) {
        return Err(refuse(
            "invalidPartOrder",
            "Part numbers must rise".to_owned(),
        ));
    }
    let mut blobs = vec![];
    for part in wanted {
        let number = part.part_number;
        let found = received
            .iter()
            .find(|(received, _)| *received == number)
            .map(|(_, blob)| blob);
        let same = |blob: &&Blob| part_etag(blob).trim_matches('"') == part.etag.trim_matches('"');
        let blob = found.filter(same);
        let blob = blob.ok_or_else(|| {
            refuse(
                "invalidPart",
                format!("There is no part {number} with the ETag {}", part.etag),
            )
        })?;
        blobs.push(blob.clone());
    }
    match blobs
        .split_last()
        .and_then(|(_, all)| all.iter().find(|blob| blob.size < SMALLEST_PART))
    {
        Some(small) => Err(refuse(
            "entityTooSmall",
            format!(
                "A part that is not the last has {} bytes; the least is {SMALLEST_PART}",
                small.size
            ),
        )),
        None => Ok(blobs),
    }
}

pub(super) async fn abort(call: Call) -> Answer {
    call.write(|tx| {
        let (id, _) = find(tx, &call)?;
        forget(&call.app, tx, &id);
        Ok(())
    })?;
    Ok(Reply::bare(StatusCode::NO_CONTENT))
}

/// Forgets an upload and its parts.
fn forget(app: &App, tx: &mut Tx, id: &str) {
    for (_, blob) in received(tx, id) {
        discard(app, tx, &blob);
    }
    tx.delete_prefix::<Piece>(&format!("{id}/"));
    tx.delete::<Upload>(id);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(size: u64, md5: u8) -> Blob {
        Blob {
            id: String::new(),
            size,
            crc32c: 0,
            md5: Some([md5; 16]),
        }
    }

    fn part(number: u32, md5: u8) -> NamedPart {
        NamedPart {
            part_number: number,
            etag: hex_etag([md5; 16]),
        }
    }

    #[test]
    fn only_parts_that_are_there_large_enough_and_in_order_are_joined() {
        let received = [
            (1, blob(SMALLEST_PART, 1)),
            (2, blob(3, 2)),
            (7, blob(9, 7)),
        ];
        let reason = |parts: &[NamedPart]| chosen(parts, &received).err().and_then(|e| e.reason);
        assert_eq!(reason(&[part(1, 1), part(7, 7)]), None);
        assert_eq!(reason(&[]), Some("malformedXML"));
        assert_eq!(reason(&[part(7, 7), part(1, 1)]), Some("invalidPartOrder"));
        assert_eq!(reason(&[part(1, 1), part(1, 1)]), Some("invalidPartOrder"));
        assert_eq!(reason(&[part(3, 1)]), Some("invalidPart"));
        assert_eq!(reason(&[part(1, 9)]), Some("invalidPart"));
        assert_eq!(
            reason(&[part(1, 1), part(2, 2), part(7, 7)]),
            Some("entityTooSmall")
        );
    }
}
