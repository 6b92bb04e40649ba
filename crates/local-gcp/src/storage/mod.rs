//! Cloud Storage: the JSON API that Google's clients and gcloud speak, and the XML API that `object_store` speaks.
//!
//! Both work on the same objects. An object's content is a blob beside the state; the row that names it is written after
//! it, in one transaction with the preconditions that were asked for.
//!
//! ```text
//! live ─ overwritten or deleted ─┬─► noncurrent version (versioning) ─ deleted ─┐
//!                                └──────────────────────────────────────────────┴─► soft-deleted ─ time ─► gone
//! ```
//!
//! Not served: ACLs (kept, without effect), lifecycle rules (kept, without effect), notifications, HMAC keys, signed URLs,
//! customer-supplied encryption keys, `matchGlob`, batch requests, folders, gRPC.

mod bucket;
mod buckets;
mod checksum;
mod conditions;
mod copy;
mod download;
mod error;
mod listing;
mod multipart_related;
mod object;
mod objects;
mod precondition;
mod protection;
mod resumable;
mod upload;
mod write;
mod xml;

use crate::{
    app::App,
    http::{Api, ApiError},
    store::Tx,
};
use bucket::Bucket;
use jiff::Timestamp;
use object::{Object, Past};
use std::collections::HashSet;

pub(crate) fn api() -> Api {
    let api = Api::new("storage", "storage.googleapis.com")
        .errors(error::render)
        .table::<Bucket>()
        .table::<Object>()
        .table::<Past>()
        .table::<resumable::Session>()
        .table::<write::LastGeneration>();
    xml::methods(uploads(objects(buckets(api))))
        .on_timer(on_timer)
        .on_seed(buckets::seed)
        .on_start(start)
}

fn buckets(api: Api) -> Api {
    let all = "/storage/v1/b";
    let one = "/storage/v1/b/{bucket}";
    api.post("storage.buckets.insert", all, buckets::insert)
        .get("storage.buckets.list", all, buckets::list)
        .get("storage.buckets.get", one, buckets::get)
        .patch("storage.buckets.patch", one, buckets::patch)
        .put("storage.buckets.update", one, buckets::update)
        .delete("storage.buckets.delete", one, buckets::delete)
        .post(
            "storage.buckets.lockRetentionPolicy",
            "/storage/v1/b/{bucket}/lockRetentionPolicy",
            buckets::lock_retention_policy,
        )
        .get(
            "storage.buckets.getStorageLayout",
            "/storage/v1/b/{bucket}/storageLayout",
            buckets::storage_layout,
        )
        .get(
            "storage.managedFolders.list",
            "/storage/v1/b/{bucket}/managedFolders",
            buckets::managed_folders,
        )
        .get(
            "storage.buckets.getIamPolicy",
            "/storage/v1/b/{bucket}/iam",
            buckets::get_iam_policy,
        )
        .put(
            "storage.buckets.setIamPolicy",
            "/storage/v1/b/{bucket}/iam",
            buckets::set_iam_policy,
        )
        .get(
            "storage.buckets.testIamPermissions",
            "/storage/v1/b/{bucket}/iam/testPermissions",
            buckets::test_iam_permissions,
        )
}

fn objects(api: Api) -> Api {
    let one = "/storage/v1/b/{bucket}/o/{object}";
    api.get(
        "storage.objects.list",
        "/storage/v1/b/{bucket}/o",
        objects::list,
    )
    .get("storage.objects.get", one, objects::get)
    .get(
        "storage.objects.get",
        "/download/storage/v1/b/{bucket}/o/{object}",
        objects::get,
    )
    .patch("storage.objects.patch", one, objects::patch)
    .put("storage.objects.update", one, objects::update)
    .delete("storage.objects.delete", one, objects::delete)
    .post(
        "storage.objects.restore",
        "/storage/v1/b/{bucket}/o/{object}/restore",
        objects::restore,
    )
    .post(
        "storage.objects.compose",
        "/storage/v1/b/{bucket}/o/{object}/compose",
        copy::compose,
    )
    .post(
        "storage.objects.copy",
        "/storage/v1/b/{sourceBucket}/o/{sourceObject}/copyTo/b/{bucket}/o/{object}",
        copy::copy,
    )
    .post(
        "storage.objects.rewrite",
        "/storage/v1/b/{sourceBucket}/o/{sourceObject}/rewriteTo/b/{bucket}/o/{object}",
        copy::rewrite,
    )
}

fn uploads(mut api: Api) -> Api {
    for path in [
        "/upload/storage/v1/b/{bucket}/o",
        "/resumable/upload/storage/v1/b/{bucket}/o",
    ] {
        api = api
            .post("storage.objects.insert", path, upload::insert)
            .streams()
            .put("storage.objects.insert", path, resumable::chunk)
            .when(&["upload_id"])
            .streams()
            .delete("storage.objects.insert", path, resumable::cancel)
            .when(&["upload_id"]);
    }
    api
}

fn on_timer(app: &App, tx: &mut Tx, key: &str, _: Timestamp) -> Result<(), ApiError> {
    match key.split_once(' ') {
        Some(("upload", id)) => resumable::forget(app, tx, id),
        Some(("gone", past)) => protection::forget(app, tx, past),
        _ => {
            return Err(ApiError::internal(format!(
                "storage knows no timer {key:?}"
            )));
        }
    }
    Ok(())
}

/// Removes the blobs that no row names: of uploads that a crash cut short.
fn start(app: &App) {
    let view = app.store.view();
    let live = view.from::<Object>("").map(|(_, object)| &object.blob);
    let past = view.from::<Past>("").map(|(_, past)| &past.object.blob);
    let resumable = view
        .from::<resumable::Session>("")
        .flat_map(|(_, session)| &session.parts);
    let parts = xml::parts(&view);
    let known: HashSet<String> = live
        .chain(past)
        .chain(resumable)
        .chain(parts)
        .map(|blob| blob.id.clone())
        .collect();
    if let Err(error) = app.blobs.retain(&known) {
        tracing::warn!(%error, "contents of objects that no longer exist stay on disk");
    }
}
