//! Cloud Storage: the JSON API, and the XML API without its judge.

use crate::support::{Api, Result, ensure, send};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

const BUCKET: &str = "/storage/v1/b/tour-bucket";
const OBJECTS: &str = "/storage/v1/b/tour-bucket/o";

pub(super) async fn tour(api: &Api) -> Result<()> {
    buckets(api).await?;
    for base in ["/upload", "/resumable/upload"] {
        uploads(api, &format!("{base}{OBJECTS}")).await?;
    }
    objects(api).await?;
    copies(api).await?;
    xml(api).await?;
    let full = api.delete(BUCKET).await?;
    ensure!(full.status == 409, "{full:?}");
    let locked = "/storage/v1/b/tour-locked";
    api.delete(&format!("{locked}?ifMetagenerationMatch=99"))
        .await?;
    api.delete(locked).await?.ok()?;
    ensure!(api.get(locked).await?.status == 404);
    Ok(())
}

async fn buckets(api: &Api) -> Result<()> {
    let insert = "/storage/v1/b?project=demo";
    let settings = json!({
        "name": "tour-bucket", "location": "EU", "storageClass": "STANDARD", "labels": {"team": "x"},
        "versioning": {"enabled": true}, "softDeletePolicy": {"retentionDurationSeconds": "604800"},
        "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]},
        "cors": [{"origin": ["*"], "method": ["GET"], "responseHeader": ["x"], "maxAgeSeconds": 60}],
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}, "publicAccessPrevention": "enforced"},
    });
    api.post(insert, settings.clone()).await?.ok()?;
    let again = api.post(insert, settings).await?;
    ensure!(again.status == 409, "{again:?}");
    api.get("/storage/v1/b/tour-bucket/managedFolders")
        .await?
        .ok()?;
    api.get("/storage/v1/b?project=demo&maxResults=5&projection=noAcl")
        .await?
        .ok()?;
    api.get(&format!("{BUCKET}?projection=full")).await?.ok()?;
    api.get(&format!("{BUCKET}/storageLayout")).await?.ok()?;
    let patch = json!({"labels": {"team": null, "env": "test"}, "defaultEventBasedHold": false});
    api.patch(&format!("{BUCKET}?ifMetagenerationMatch=1"), patch.clone())
        .await?
        .ok()?;
    let stale = api
        .patch(&format!("{BUCKET}?ifMetagenerationMatch=1"), patch)
        .await?;
    ensure!(stale.status == 412, "{stale:?}");
    let whole = json!({
        "labels": {"env": "test"}, "versioning": {"enabled": true},
        "softDeletePolicy": {"retentionDurationSeconds": "604800"},
    });
    api.put(BUCKET, whole).await?.ok()?;
    let policy = api
        .get(&format!("{BUCKET}/iam?optionsRequestedPolicyVersion=3"))
        .await?
        .ok()?;
    let binding = json!({"role": "roles/storage.objectViewer", "members": ["user:a@example.com"]});
    let set = json!({"bindings": [binding], "etag": policy["etag"]});
    api.put(&format!("{BUCKET}/iam"), set).await?.ok()?;
    let asked = "permissions=storage.objects.get&permissions=storage.objects.list";
    api.get(&format!("{BUCKET}/iam/testPermissions?{asked}"))
        .await?
        .ok()?;
    let locked = json!({"name": "tour-locked", "retentionPolicy": {"retentionPeriod": "1"}});
    api.post(insert, locked).await?.ok()?;
    let lock = "/storage/v1/b/tour-locked/lockRetentionPolicy?ifMetagenerationMatch=1";
    send(api.request(Method::POST, lock)).await?.ok()?;
    Ok(())
}

/// The three kinds of uploads.
async fn uploads(api: &Api, path: &str) -> Result<()> {
    let media = format!("{path}?uploadType=media&name=media.json&ifGenerationNotMatch=1");
    api.post(&media, json!({"this is": "media"})).await?.ok()?;
    let parts = "--b\r\nContent-Type: application/json\r\n\r\n\
        {\"name\": \"parts\", \"metadata\": {\"a\": \"b\"}, \"contentType\": \"text/plain\"}\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n";
    let multipart = api
        .request(Method::POST, &format!("{path}?uploadType=multipart"))
        .header(CONTENT_TYPE, "multipart/related; boundary=b");
    send(multipart.body(parts)).await?.ok()?;
    let session = async |name: &str| {
        let resource = json!({"name": name, "cacheControl": "no-store"});
        let begin = format!("{path}?uploadType=resumable");
        let begun = api.post(&begin, resource).await?;
        ensure!(begun.status == 200, "{begun:?}");
        let id = begun.header("x-guploader-uploadid").to_owned();
        Ok(format!("{path}?uploadType=resumable&upload_id={id}"))
    };
    let chunk = async |session: &str, range: &str, bytes: Vec<u8>| {
        let request = api.request(Method::PUT, session);
        send(request.header("content-range", range).body(bytes)).await
    };
    let uri = session("resumed").await?;
    let first = chunk(&uri, "bytes 0-262143/*", vec![b'x'; 262_144]).await?;
    ensure!(first.status == 308, "{first:?}");
    let last = chunk(&uri, "bytes 262144-262144/262145", vec![b'y']).await?;
    ensure!(last.status == 200, "{last:?}");
    let uri = session("abandoned").await?;
    ensure!(api.delete(&uri).await?.status == 499);
    Ok(())
}

async fn objects(api: &Api) -> Result<()> {
    let one = format!("{OBJECTS}/media.json");
    let list = "prefix=m&delimiter=%2F&maxResults=5&versions=true";
    api.get(&format!("{OBJECTS}?{list}")).await?.ok()?;
    let object = api.get(&format!("{one}?projection=full")).await?.ok()?;
    api.get(&format!("{one}?alt=media")).await?.ok()?;
    api.get(&format!("/download{one}?alt=media")).await?.ok()?;
    let generation = object["generation"].as_str().unwrap_or_default();
    let cached = api
        .get(&format!("{one}?ifGenerationNotMatch={generation}"))
        .await?;
    ensure!(cached.status == 304, "{cached:?}");
    let patch = json!({"metadata": {"a": "b", "gone": null}, "customTime": "2026-11-01T12:00:00Z"});
    api.patch(&format!("{one}?ifGenerationMatch={generation}"), patch)
        .await?
        .ok()?;
    let whole = json!({"contentType": "application/json", "temporaryHold": true});
    api.put(&one, whole).await?.ok()?;
    let held = api.delete(&one).await?;
    ensure!(held.status == 403, "{held:?}");
    api.patch(&one, json!({"temporaryHold": false}))
        .await?
        .ok()?;
    api.get(&one).await?.ok()?;
    api.get(&format!("{OBJECTS}/none")).await?;
    Ok(())
}

async fn copies(api: &Api) -> Result<()> {
    let one = format!("{OBJECTS}/media.json");
    let copy = format!("{one}/copyTo/b/tour-bucket/o/copy?ifGenerationMatch=0");
    api.post(&copy, json!({"contentType": "text/plain"}))
        .await?
        .ok()?;
    let rewrite = format!("{one}/rewriteTo/b/tour-bucket/o/rewritten");
    send(api.request(Method::POST, &rewrite)).await?.ok()?;
    let sources = json!({
        "sourceObjects": [{"name": "copy"}, {"name": "rewritten"}],
        "destination": {"contentType": "text/plain"},
    });
    api.post(&format!("{OBJECTS}/both/compose"), sources)
        .await?
        .ok()?;
    api.get(&format!("{OBJECTS}/both")).await?.ok()?;
    let whole = json!({"versioning": {"enabled": false}});
    api.patch(BUCKET, whole).await?.ok()?;
    let both: Value = api.get(&format!("{OBJECTS}/both")).await?.ok()?;
    let generation = both["generation"].as_str().unwrap_or_default();
    api.delete(&format!("{OBJECTS}/both")).await?.ok()?;
    api.get(&format!("{OBJECTS}?softDeleted=true"))
        .await?
        .ok()?;
    let restore = format!("{OBJECTS}/both/restore?generation={generation}");
    send(api.request(Method::POST, &restore)).await?.ok()?;
    Ok(())
}

async fn xml(api: &Api) -> Result<()> {
    let (bucket, object) = ("/tour-bucket", "/tour-bucket/dir/xml");
    let ask = async |method: Method, path: &str, body: &str| {
        let answer = send(api.request(method, path).body(body.to_owned())).await?;
        ensure!(answer.status.is_success(), "{path}: {answer:?}");
        Ok(answer)
    };
    ask(Method::HEAD, bucket, "").await?;
    ask(Method::PUT, object, "hello").await?;
    ask(Method::GET, &format!("{bucket}?list-type=2&prefix=dir"), "").await?;
    ask(Method::HEAD, object, "").await?;
    ask(Method::GET, object, "").await?;
    ask(Method::DELETE, object, "").await?;
    let begin = async || {
        let begun = ask(Method::POST, &format!("{object}?uploads"), "").await?;
        let id = begun.text.split_once("<UploadId>").map(|(_, rest)| rest);
        let id = id.and_then(|rest| rest.split_once('<')).map(|(id, _)| id);
        Ok::<_, anyhow::Error>(id.unwrap_or_default().to_owned())
    };
    let id = begin().await?;
    let part = format!("{object}?uploadId={id}&partNumber=1");
    let etag = ask(Method::PUT, &part, "hello").await?;
    let etag = etag.header("etag");
    ask(Method::GET, &format!("{object}?uploadId={id}"), "").await?;
    let parts = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>\
         </CompleteMultipartUpload>"
    );
    ask(Method::POST, &format!("{object}?uploadId={id}"), &parts).await?;
    let id = begin().await?;
    ask(Method::DELETE, &format!("{object}?uploadId={id}"), "").await?;
    Ok(())
}
