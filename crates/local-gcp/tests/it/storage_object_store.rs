//! The XML API as `object_store` speaks it.

use crate::support::{Api, Result, ensure, start};
use futures::TryStreamExt as _;
use local_gcp::Fault;
use object_store::{
    Attribute, Attributes, Error, GetOptions, GetRange, MultipartUpload as _, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, UpdateVersion,
    gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder},
    path::Path,
};
use serde_json::json;

const BUCKET: &str = "nightshift-backups";
const MIB: usize = 1 << 20;

async fn store(api: &Api) -> Result<GoogleCloudStorage> {
    api.post("/storage/v1/b?project=demo", json!({"name": BUCKET}))
        .await?
        .ok()?;
    let builder = GoogleCloudStorageBuilder::new()
        .with_base_url(api.gcp.url())
        .with_bucket_name(BUCKET)
        .with_bearer_token("local");
    Ok(builder.build()?)
}

fn create() -> PutOptions {
    PutMode::Create.into()
}

/// Bytes that no two offsets have alike.
fn content(size: usize) -> Vec<u8> {
    let words = (0u32..).map(|n| n.wrapping_mul(2_654_435_761));
    words
        .flat_map(u32::to_le_bytes)
        .take(size)
        .collect::<Vec<u8>>()
}

#[tokio::test]
async fn what_was_put_is_got_whole_in_ranges_and_as_head() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let path = Path::from("a dir/ü%2F+&=.bin");
    let bytes = content(100_000);
    let put = store.put(&path, bytes.clone().into()).await?;
    let got = store.get(&path).await?;
    assert_eq!(got.meta.e_tag, put.e_tag);
    assert_eq!(got.meta.version, put.version);
    assert_eq!(got.bytes().await?, bytes);
    let head = store.head(&path).await?;
    assert_eq!((head.size, head.location), (100_000, path.clone()));
    assert_eq!(store.get_range(&path, 10..20).await?, bytes[10..20]);
    let suffix = GetOptions {
        range: Some(GetRange::Suffix(7)),
        ..GetOptions::default()
    };
    let suffix = store.get_opts(&path, suffix).await?;
    assert_eq!(suffix.range, 99_993..100_000);
    assert_eq!(suffix.bytes().await?, bytes[99_993..]);
    let beyond = store.get_range(&path, 100_000..100_001).await;
    ensure!(beyond.is_err(), "a range beyond the end was answered");
    Ok(())
}

#[tokio::test]
async fn an_absent_object_or_bucket_is_not_found() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let path = Path::from("absent");
    for error in [
        store.head(&path).await.err(),
        store.delete(&path).await.err(),
    ] {
        ensure!(matches!(error, Some(Error::NotFound { .. })), "{error:?}");
    }
    let answer = api.get("/another-bucket/x").await?;
    assert_eq!(answer.status, 404);
    ensure!(
        answer.text.contains("<Code>NoSuchBucket</Code>"),
        "{}",
        answer.text
    );
    Ok(())
}

#[tokio::test]
async fn a_created_object_is_not_created_again_and_updates_need_the_generation_they_saw()
-> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let path = Path::from("manifest.json");
    let first = store.put_opts(&path, "one".into(), create()).await?;
    let again = store.put_opts(&path, "two".into(), create()).await;
    ensure!(
        matches!(again, Err(Error::AlreadyExists { .. })),
        "{again:?}"
    );
    let seen: UpdateVersion = first.into();
    let update = |seen: &UpdateVersion| PutOptions::from(PutMode::Update(seen.clone()));
    store.put_opts(&path, "three".into(), update(&seen)).await?;
    let stale = store.put_opts(&path, "four".into(), update(&seen)).await;
    ensure!(
        matches!(stale, Err(Error::Precondition { .. })),
        "{stale:?}"
    );
    assert_eq!(store.get(&path).await?.bytes().await?, "three");
    Ok(())
}

#[tokio::test]
async fn reads_with_conditions_tell_what_the_caller_has_already() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let path = Path::from("a");
    let tag = store.put(&path, "one".into()).await?.e_tag;
    let known = GetOptions {
        if_none_match: tag.clone(),
        ..GetOptions::default()
    };
    let error = store.get_opts(&path, known).await.err();
    ensure!(
        matches!(error, Some(Error::NotModified { .. })),
        "{error:?}"
    );
    store.put(&path, "two".into()).await?;
    let wanted = GetOptions {
        if_match: tag,
        ..GetOptions::default()
    };
    let error = store.get_opts(&path, wanted).await.err();
    ensure!(
        matches!(error, Some(Error::Precondition { .. })),
        "{error:?}"
    );
    Ok(())
}

#[tokio::test]
async fn parts_in_any_order_become_one_object() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let path = Path::from("big");
    let bytes = content(11 * MIB);
    let mut attributes = Attributes::new();
    attributes.insert(Attribute::ContentType, "application/zstd".into());
    attributes.insert(Attribute::Metadata("run".into()), "42".into());
    let options = PutMultipartOptions {
        attributes: attributes.clone(),
        ..PutMultipartOptions::default()
    };
    let mut upload = store.put_multipart_opts(&path, options).await?;
    let parts: Vec<_> = bytes
        .chunks(5 * MIB)
        .map(|part| upload.put_part(part.to_vec().into()))
        .collect();
    // The last one is sent first.
    for part in parts.into_iter().rev() {
        part.await?;
    }
    let missing = store.head(&path).await;
    ensure!(
        matches!(missing, Err(Error::NotFound { .. })),
        "{missing:?}"
    );
    let done = upload.complete().await?;
    let got = store.get(&path).await?;
    assert_eq!(got.attributes, attributes);
    assert_eq!(
        (&got.meta.e_tag, &got.meta.version),
        (&done.e_tag, &done.version)
    );
    assert_eq!(got.bytes().await?, bytes);
    Ok(())
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let path = Path::from("big");
    let mut upload = store.put_multipart(&path).await?;
    upload.put_part("part".into()).await?;
    upload.abort().await?;
    let completed = upload.complete().await;
    ensure!(completed.is_err(), "an aborted upload was completed");
    let missing = store.head(&path).await;
    ensure!(
        matches!(missing, Err(Error::NotFound { .. })),
        "{missing:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_upload_without_parts_becomes_an_empty_object() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let path = Path::from("empty");
    store.put_multipart(&path).await?.complete().await?;
    assert_eq!(store.get(&path).await?.bytes().await?, "");
    Ok(())
}

#[tokio::test]
async fn a_list_of_several_pages_is_complete_and_in_order() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let names: Vec<String> = (0..1203).map(|n| format!("run/{n:05}")).collect();
    for name in names.iter().rev() {
        store.put(&Path::from(name.as_str()), "x".into()).await?;
    }
    let listed: Vec<_> = store.list(Some(&Path::from("run"))).try_collect().await?;
    let listed: Vec<_> = listed
        .into_iter()
        .map(|meta| meta.location.to_string())
        .collect();
    assert_eq!(listed, names);
    let pages = api.gcp.journal().of("storage.xml.objects.list");
    assert_eq!(pages.len(), 2);
    let offset = Path::from("run/01200");
    let rest: Vec<_> = store.list_with_offset(None, &offset).try_collect().await?;
    assert_eq!(rest.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_list_with_a_delimiter_rolls_up_directories() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    for name in ["a/1", "a/b/1", "a/b/2", "a/c/1", "d"] {
        store.put(&Path::from(name), "x".into()).await?;
    }
    let listed = store.list_with_delimiter(Some(&Path::from("a"))).await?;
    assert_eq!(
        listed.common_prefixes,
        [Path::from("a/b"), Path::from("a/c")]
    );
    assert_eq!(listed.objects.len(), 1);
    assert_eq!(listed.objects[0].location, Path::from("a/1"));
    Ok(())
}

#[tokio::test]
async fn copies_take_metadata_along_and_do_not_overwrite_when_told_so() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let (from, to) = (Path::from("dir/from ü"), Path::from("dir/to"));
    let mut options = PutOptions::default();
    options
        .attributes
        .insert(Attribute::ContentType, "text/plain".into());
    store.put_opts(&from, "content".into(), options).await?;
    store.copy_if_not_exists(&from, &to).await?;
    let got = store.get(&to).await?;
    assert_eq!(
        got.attributes.get(&Attribute::ContentType),
        Some(&"text/plain".into())
    );
    assert_eq!(got.bytes().await?, "content");
    let again = store.copy_if_not_exists(&from, &to).await;
    ensure!(
        matches!(again, Err(Error::AlreadyExists { .. })),
        "{again:?}"
    );
    store.copy(&from, &to).await?;
    store.rename(&from, &Path::from("renamed")).await?;
    ensure!(
        store.head(&from).await.is_err(),
        "the old name is still there"
    );
    Ok(())
}

#[tokio::test]
async fn many_objects_are_deleted() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let paths: Vec<Path> = (0..25).map(|n| Path::from(format!("x/{n}"))).collect();
    for path in &paths {
        store.put(path, "x".into()).await?;
    }
    let stream = futures::stream::iter(paths.into_iter().map(Ok));
    let deleted: Vec<_> = store.delete_stream(Box::pin(stream)).try_collect().await?;
    assert_eq!(deleted.len(), 25);
    assert_eq!(store.list(None).try_collect::<Vec<_>>().await?, []);
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_to_a_create_shows_as_already_there() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    let path = Path::from("claim");
    api.gcp.faults().add(Fault {
        lose_answer: true,
        ..Fault::on("storage.xml.objects.put")
    });
    // A broken connection is not repeated for a create; what was stored stays.
    ensure!(
        store.put_opts(&path, "one".into(), create()).await.is_err(),
        "the answer was not lost"
    );
    let again = store.put_opts(&path, "one".into(), create()).await;
    ensure!(
        matches!(again, Err(Error::AlreadyExists { .. })),
        "{again:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_refusal_for_a_moment_is_repeated_by_the_client() -> Result<()> {
    let api = start().await?;
    let store = store(&api).await?;
    api.gcp.faults().add(Fault {
        status: Some(503),
        times: Some(2),
        ..Fault::on("storage.xml.objects.put")
    });
    store.put(&Path::from("a"), "one".into()).await?;
    assert_eq!(api.gcp.journal().of("storage.xml.objects.put").len(), 3);
    Ok(())
}

#[tokio::test]
async fn content_that_differs_from_its_checksum_is_not_stored() -> Result<()> {
    let api = start().await?;
    store(&api).await?;
    let url = format!("/{BUCKET}/a");
    for (header, value) in [
        ("x-goog-hash", "crc32c=AAAAAA=="),
        ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
    ] {
        let request = api
            .request(reqwest::Method::PUT, &url)
            .header(header, value)
            .body("text");
        let answer = crate::support::send(request).await?;
        assert_eq!(answer.status, 400);
        ensure!(
            answer.text.contains("<Code>BadDigest</Code>"),
            "{}",
            answer.text
        );
    }
    let answer = api.get(&url).await?;
    ensure!(
        answer.text.contains("<Code>NoSuchKey</Code>"),
        "{}",
        answer.text
    );
    let request = api
        .request(reqwest::Method::PUT, &url)
        .header("x-goog-hash", "crc32c=L1MZ4Q==")
        .body("text");
    let answer = crate::support::send(request).await?;
    assert_eq!(
        answer.header("x-goog-hash"),
        "crc32c=L1MZ4Q==,md5=HLJR7A1WjeapKbUgxK7Y0Q==",
        "{}",
        answer.text
    );
    Ok(())
}
