//! Cloud Storage's JSON API.

use crate::support::{Answered, Api, Judged, Result, ensure, send, start, start_stopped};
use local_gcp::Options;
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const BUCKET: &str = "/storage/v1/b/a-bucket";
const UPLOAD: &str = "/upload/storage/v1/b/a-bucket/o";

/// A bucket with these settings.
pub(crate) async fn with_bucket(api: &Api, mut settings: Value) -> Result<Value> {
    settings["name"] = "a-bucket".into();
    api.post("/storage/v1/b?project=demo", settings).await?.ok()
}

pub(crate) async fn upload(api: &Api, name: &str, query: &str, text: &str) -> Result<Answered> {
    let path = format!("{UPLOAD}?uploadType=media&name={name}{query}");
    send(
        api.request(Method::POST, &path)
            .header("content-type", "text/plain")
            .body(text.to_owned()),
    )
    .await
}

pub(crate) async fn text(api: &Api, name: &str) -> Result<String> {
    Ok(api.get(&format!("{BUCKET}/o/{name}?alt=media")).await?.text)
}

/// Status and reason of a refusal.
pub(crate) fn reason(answer: &Answered) -> Result<(u16, String)> {
    let body: Value = serde_json::from_str(&answer.text)?;
    ensure!(
        body["error"]["code"] == answer.status.as_u16(),
        "{}",
        answer.text
    );
    Ok((
        answer.status.as_u16(),
        body["error"]["errors"][0]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    ))
}

fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item["name"].as_str())
        .collect()
}

#[tokio::test]
async fn buckets_are_made_changed_listed_and_deleted() -> Result<()> {
    let api = start_stopped().await?;
    let made = with_bucket(
        &api,
        json!({"location": "europe-west1", "labels": {"team": "x"}}),
    )
    .await?;
    assert_eq!(made["location"], "EUROPE-WEST1");
    assert_eq!(made["locationType"], "region");
    assert_eq!(made["timeCreated"], "2026-11-01T12:00:00Z");
    assert_eq!(
        made["softDeletePolicy"]["retentionDurationSeconds"],
        "604800"
    );
    let again = api
        .post("/storage/v1/b?project=demo", json!({"name": "a-bucket"}))
        .await?;
    assert_eq!(reason(&again)?, (409, "conflict".to_owned()));
    let patch = json!({"labels": {"team": null, "env": "test"}, "versioning": {"enabled": true}});
    let patched = api.patch(BUCKET, patch).await?.ok()?;
    assert_eq!(patched["labels"], json!({"env": "test"}));
    assert_eq!(patched["metageneration"], "2");
    let stale = api
        .patch(&format!("{BUCKET}?ifMetagenerationMatch=1"), json!({}))
        .await?;
    assert_eq!(reason(&stale)?, (412, "conditionNotMet".to_owned()));
    let listed = api
        .get("/storage/v1/b?project=demo&prefix=a-")
        .await?
        .ok()?;
    assert_eq!(names(&listed), ["a-bucket"]);
    assert_eq!(
        api.get("/storage/v1/b?project=other").await?.ok()?,
        json!({"kind": "storage#buckets"})
    );
    upload(&api, "a", "", "x").await?.ok()?;
    assert_eq!(
        reason(&api.delete(BUCKET).await?)?,
        (409, "conflict".to_owned())
    );
    api.patch(BUCKET, json!({"versioning": {"enabled": false}}))
        .await?
        .ok()?;
    api.delete(&format!("{BUCKET}/o/a")).await?.ok()?;
    assert_eq!(api.delete(BUCKET).await?.status, 204);
    assert_eq!(
        reason(&api.get(BUCKET).await?)?,
        (404, "notFound".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_bucket_that_cannot_be_is_refused_with_the_field() -> Result<()> {
    let api = start().await?;
    for (body, named) in [
        (json!({"name": "A_Bucket"}), "A_Bucket"),
        (json!({}), "name"),
        (json!({"name": "a-bucket", "nonsense": 1}), "nonsense"),
        (
            json!({"name": "a-bucket", "retentionPolicy": {"retentionPeriod": "soon"}}),
            "retentionPeriod",
        ),
    ] {
        let answer = api.post("/storage/v1/b?project=demo", body).await?;
        assert_eq!(answer.status, 400);
        ensure!(answer.text.contains(named), "{}", answer.text);
    }
    Ok(())
}

#[tokio::test]
async fn an_object_carries_both_checksums_and_its_generation_everywhere() -> Result<()> {
    let api = start_stopped().await?;
    with_bucket(&api, json!({})).await?;
    let made = upload(&api, "dir%2Fa.txt", "", "hello").await?.ok()?;
    assert_eq!(made["crc32c"], "mnG7TA==");
    assert_eq!(made["md5Hash"], "XUFAKrxLKna5cZ2REBfFkg==");
    assert_eq!(
        (&made["size"], &made["contentType"]),
        (&json!("5"), &json!("text/plain"))
    );
    assert_eq!(
        api.get(&format!("{BUCKET}/o/dir%2Fa.txt")).await?.ok()?,
        made
    );
    let generation = made["generation"].as_str().unwrap_or_default();
    let content = api
        .get(&format!("/download{BUCKET}/o/dir%2Fa.txt?alt=media"))
        .await?;
    assert_eq!(
        (content.text.as_str(), content.header("x-goog-generation")),
        ("hello", generation)
    );
    assert_eq!(
        content.header("x-goog-hash"),
        "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg=="
    );
    assert_eq!(
        content.header("last-modified"),
        "Sun, 01 Nov 2026 12:00:00 GMT"
    );
    let part = api
        .request(Method::GET, &format!("{BUCKET}/o/dir%2Fa.txt?alt=media"))
        .header("range", "bytes=1-2");
    let part = send(part).await?;
    assert_eq!((part.status.as_u16(), part.text.as_str()), (206, "el"));
    assert_eq!(part.header("content-range"), "bytes 1-2/5");
    let beyond = api
        .request(Method::GET, &format!("{BUCKET}/o/dir%2Fa.txt?alt=media"))
        .header("range", "bytes=9-");
    assert_eq!(send(beyond).await?.status, 416);
    Ok(())
}

#[tokio::test]
async fn a_multipart_upload_of_gcloud_is_read_and_wrong_checksums_are_refused() -> Result<()> {
    let api = start().await?;
    with_bucket(&api, json!({})).await?;
    let send_parts = async |metadata: Value| {
        let body = format!(
            "--===1==\nContent-Type: application/json\nMIME-Version: 1.0\n\n{metadata}\n--===1==\n\
             Content-Type: text/plain\nContent-Transfer-Encoding: binary\n\nhello\n--===1==--"
        );
        let request = api
            .request(Method::POST, &format!("{UPLOAD}?uploadType=multipart"))
            .header("content-type", "multipart/related; boundary='===1=='")
            .body(body);
        send(request).await
    };
    let made = send_parts(json!({"name": "a", "bucket": "a-bucket", "metadata": {"k": "v"}}))
        .await?
        .ok()?;
    assert_eq!(
        (&made["contentType"], &made["metadata"]),
        (&json!("text/plain"), &json!({"k": "v"}))
    );
    for wrong in [
        json!({"crc32c": "AAAAAA=="}),
        json!({"md5Hash": "1B2M2Y8AsgTpgAmY7PhCfg=="}),
    ] {
        let mut metadata = wrong;
        metadata["name"] = "b".into();
        let answer = send_parts(metadata).await?;
        assert_eq!(answer.status, 400, "{}", answer.text);
        ensure!(answer.text.contains("doesn't match"), "{}", answer.text);
    }
    assert_eq!(
        reason(&api.get(&format!("{BUCKET}/o/b")).await?)?,
        (404, "notFound".to_owned())
    );
    Ok(())
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one list of all kinds of writes")]
async fn preconditions_hold_for_every_kind_of_write() -> Result<()> {
    let api = start().await?;
    with_bucket(&api, json!({})).await?;
    let first = upload(&api, "a", "&ifGenerationMatch=0", "one")
        .await?
        .ok()?;
    let generation = first["generation"].as_str().unwrap_or_default().to_owned();
    let stale = format!("{}", generation.parse::<u64>()? - 1);
    let one = format!("{BUCKET}/o/a");
    let multipart = "--b\r\n\r\n{\"name\":\"a\"}\r\n--b\r\n\r\nx\r\n--b--".to_owned();
    for condition in [
        "ifGenerationMatch=0".to_owned(),
        format!("ifGenerationMatch={stale}"),
        format!("ifGenerationNotMatch={generation}"),
        "ifMetagenerationMatch=7".to_owned(),
    ] {
        let requests = [
            api.request(
                Method::POST,
                &format!("{UPLOAD}?uploadType=media&name=a&{condition}"),
            )
            .body("x"),
            api.request(
                Method::POST,
                &format!("{UPLOAD}?uploadType=multipart&{condition}"),
            )
            .header("content-type", "multipart/related; boundary=b")
            .body(multipart.clone()),
            api.request(
                Method::POST,
                &format!("{UPLOAD}?uploadType=resumable&name=a&{condition}"),
            ),
            api.request(Method::PATCH, &format!("{one}?{condition}"))
                .json(&json!({"metadata": {"a": "b"}})),
            api.request(Method::DELETE, &format!("{one}?{condition}")),
            api.request(
                Method::POST,
                &format!("{one}/rewriteTo/b/a-bucket/o/a?{condition}"),
            ),
            api.request(
                Method::POST,
                &format!("{one}/copyTo/b/a-bucket/o/a?{condition}"),
            ),
            api.request(Method::POST, &format!("{one}/compose?{condition}"))
                .json(&json!({"sourceObjects": [{"name": "a"}]})),
        ];
        for request in requests {
            let answer = send(request).await?;
            assert_eq!(
                reason(&answer)?,
                (412, "conditionNotMet".to_owned()),
                "{condition}"
            );
        }
    }
    assert_eq!(api.get(&one).await?.ok()?, first);
    let known = api
        .get(&format!("{one}?ifGenerationNotMatch={generation}"))
        .await?;
    assert_eq!((known.status.as_u16(), known.text.as_str()), (304, ""));
    let absent = api
        .delete(&format!("{BUCKET}/o/absent?ifGenerationMatch=5"))
        .await?;
    assert_eq!(absent.status, 412);
    api.delete(&format!("{one}?ifGenerationMatch={generation}"))
        .await?
        .ok()?;
    Ok(())
}

#[tokio::test]
async fn lists_go_by_prefix_delimiter_offsets_and_pages() -> Result<()> {
    let api = start().await?;
    with_bucket(&api, json!({})).await?;
    for name in ["a", "b/1", "b/2", "b/c/3", "b0", "c"] {
        upload(&api, &name.replace('/', "%2F"), "", "x")
            .await?
            .ok()?;
    }
    let list = async |query: &str| api.get(&format!("{BUCKET}/o?{query}")).await?.ok();
    assert_eq!(
        names(&list("").await?),
        ["a", "b/1", "b/2", "b/c/3", "b0", "c"]
    );
    assert_eq!(names(&list("prefix=b/").await?), ["b/1", "b/2", "b/c/3"]);
    let rolled = list("delimiter=/").await?;
    assert_eq!(
        (names(&rolled), &rolled["prefixes"]),
        (vec!["a", "b0", "c"], &json!(["b/"]))
    );
    assert_eq!(
        names(&list("startOffset=b/2&endOffset=c").await?),
        ["b/2", "b/c/3", "b0"]
    );
    let (mut seen, mut token) = (vec![], String::new());
    loop {
        let page = list(&format!("delimiter=/&maxResults=1&pageToken={token}")).await?;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        seen.extend(
            page["prefixes"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|p| p.as_str().unwrap_or_default().to_owned()),
        );
        let Some(next) = page["nextPageToken"].as_str() else {
            break;
        };
        next.clone_into(&mut token);
    }
    assert_eq!(seen, ["a", "b/", "b0", "c"]);
    let fields = list("prefix=c&fields=items(name,size)").await?;
    assert_eq!(fields, json!({"items": [{"name": "c", "size": "1"}]}));
    Ok(())
}

#[tokio::test]
async fn a_resumable_upload_tells_how_far_it_got_and_takes_bytes_twice() -> Result<()> {
    let api = start().await?;
    with_bucket(&api, json!({})).await?;
    let begun = api.request(
        Method::POST,
        "/resumable/upload/storage/v1/b/a-bucket/o?uploadType=resumable",
    );
    let begun = send(begun.json(&json!({"name": "a", "contentType": "text/x"}))).await?;
    let session = begun.header("location").to_owned();
    ensure!(session.starts_with(api.gcp.url()), "{session}");
    let put = async |range: &str, body: &'static str| {
        let request = api
            .http
            .put(&session)
            .header("content-range", range.to_owned())
            .body(body);
        let answer = send(request).await?;
        let received = answer.header("range").to_owned();
        Ok::<_, anyhow::Error>((answer.status.as_u16(), received, answer))
    };
    let (status, received, _) = put("bytes */*", "").await?;
    assert_eq!((status, received.as_str()), (308, ""));
    let (status, received, _) = put("bytes 0-4/*", "01234").await?;
    assert_eq!((status, received.as_str()), (308, "bytes=0-4"));
    // Again, as after a lost answer, and overlapping.
    let (status, received, _) = put("bytes 3-7/10", "34567").await?;
    assert_eq!((status, received.as_str()), (308, "bytes=0-7"));
    let (status, ..) = put("bytes 9-9/10", "9").await?;
    assert_eq!(status, 400);
    let (status, _, done) = put("bytes 8-9/10", "89").await?;
    assert_eq!(status, 200);
    let (status, _, asked) = put("bytes */10", "").await?;
    assert_eq!((status, asked.text), (200, done.text));
    assert_eq!(text(&api, "a").await?, "0123456789");
    Ok(())
}

#[tokio::test]
async fn a_cancelled_or_expired_resumable_upload_is_gone() -> Result<()> {
    let api = start_stopped().await?;
    with_bucket(&api, json!({})).await?;
    let begin = async || {
        let begun = api.request(
            Method::POST,
            &format!("{UPLOAD}?uploadType=resumable&name=a"),
        );
        Ok::<_, anyhow::Error>(send(begun).await?.header("location").to_owned())
    };
    let session = begin().await?;
    assert_eq!(
        api.http.delete(&session).send().await?.status().as_u16(),
        499
    );
    assert_eq!(api.http.put(&session).body("x").send().await?.status(), 404);
    let session = begin().await?;
    api.gcp
        .advance(jiff::SignedDuration::from_hours(7 * 24))
        .await?;
    assert_eq!(api.http.put(&session).body("x").send().await?.status(), 404);
    Ok(())
}

#[tokio::test]
async fn metadata_is_patched_and_copies_and_compositions_are_made() -> Result<()> {
    let api = start().await?;
    with_bucket(&api, json!({})).await?;
    upload(&api, "a", "", "one ").await?.ok()?;
    upload(&api, "b", "", "two").await?.ok()?;
    let patch = json!({"metadata": {"x": "1", "y": "2"}, "cacheControl": "no-store"});
    api.patch(&format!("{BUCKET}/o/a"), patch).await?.ok()?;
    let patched = api
        .patch(&format!("{BUCKET}/o/a"), json!({"metadata": {"x": null}}))
        .await?
        .ok()?;
    assert_eq!(
        (&patched["metadata"], &patched["metageneration"]),
        (&json!({"y": "2"}), &json!("3"))
    );
    let copy = api
        .post(&format!("{BUCKET}/o/a/rewriteTo/b/a-bucket/o/c"), json!({}))
        .await?
        .ok()?;
    assert_eq!(
        (&copy["done"], &copy["resource"]["metadata"]),
        (&json!(true), &json!({"y": "2"}))
    );
    assert_eq!(copy["totalBytesRewritten"], "4");
    let sources = json!({"sourceObjects": [{"name": "a"}, {"name": "b"}], "destination": {"contentType": "text/x"}});
    let composed = api
        .post(&format!("{BUCKET}/o/ab/compose"), sources)
        .await?
        .ok()?;
    assert_eq!(
        (&composed["componentCount"], &composed["md5Hash"]),
        (&json!(2), &Value::Null)
    );
    assert_eq!(text(&api, "ab").await?, "one two");
    Ok(())
}

#[tokio::test]
async fn objects_survive_a_restart_and_half_written_ones_do_not_stay() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let options = Options {
        state: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let api = Api::start(options.clone()).await?;
    with_bucket(
        &api,
        json!({"softDeletePolicy": {"retentionDurationSeconds": "0"}}),
    )
    .await?;
    upload(&api, "a", "", "one").await?.ok()?;
    upload(&api, "b", "", "two").await?.ok()?;
    api.delete(&format!("{BUCKET}/o/b")).await?.ok()?;
    api.gcp.stop().await;
    let blobs = folder.path().join("blobs");
    assert_eq!(std::fs::read_dir(&blobs)?.count(), 1);
    std::fs::write(blobs.join("0123"), "cut short")?;
    let api = Api {
        gcp: Judged::start(options).await?,
        ..api
    };
    assert_eq!(text(&api, "a").await?, "one");
    assert_eq!(std::fs::read_dir(&blobs)?.count(), 1);
    Ok(())
}

#[tokio::test]
async fn buckets_are_seeded_and_policies_kept() -> Result<()> {
    let api = start().await?;
    api.gcp.seed(
        json!({"storage": {"buckets": [{"name": "a-bucket", "project": "p2", "location": "EU"}]}}),
    )?;
    assert_eq!(
        names(&api.get("/storage/v1/b?project=p2").await?.ok()?),
        ["a-bucket"]
    );
    let policy = api.get(&format!("{BUCKET}/iam")).await?.ok()?;
    let bindings =
        json!([{"role": "roles/storage.objectViewer", "members": ["user:a@example.com"]}]);
    let set = api
        .put(
            &format!("{BUCKET}/iam"),
            json!({"bindings": bindings, "etag": policy["etag"]}),
        )
        .await?
        .ok()?;
    assert_eq!(set["bindings"], bindings);
    let stale = api
        .put(
            &format!("{BUCKET}/iam"),
            json!({"bindings": [], "etag": policy["etag"]}),
        )
        .await?;
    assert_eq!(stale.status, 409);
    let may = api
        .get(&format!(
            "{BUCKET}/iam/testPermissions?permissions=a&permissions=b"
        ))
        .await?
        .ok()?;
    assert_eq!(may["permissions"], json!(["a", "b"]));
    Ok(())
}
