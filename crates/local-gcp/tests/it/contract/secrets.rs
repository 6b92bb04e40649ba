//! Secret Manager, global and regional.

use crate::support::{Api, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Everything about secrets below `parent`.
pub(super) async fn tour(api: &Api, parent: &str) -> Result<()> {
    let secrets = format!("/v1/{parent}/secrets");
    let one = format!("{secrets}/tour");
    let mut secret = json!({
        "labels": {"team": "x"}, "annotations": {"note": "Ü"}, "versionDestroyTtl": "86400s",
        "topics": [{"name": "projects/demo/topics/rotations"}],
        "rotation": {"nextRotationTime": "2030-01-01T00:00:00Z", "rotationPeriod": "2592000s"},
    });
    if !parent.contains("/locations/") {
        secret["replication"] = json!({"automatic": {}});
    }
    api.put("/v1/projects/demo/topics/rotations", json!({}))
        .await?;
    let create = format!("{secrets}?secretId=tour");
    api.post(&create, secret.clone()).await?.ok()?;
    let again = api.post(&create, secret).await?;
    ensure!(again.status == 409, "{again:?}");
    api.get(&format!("{secrets}?pageSize=5&filter=labels.team%3Dx"))
        .await?
        .ok()?;
    api.get(&one).await?.ok()?;
    versions(api, &one).await?;
    let patch = json!({"versionAliases": {"current": "1"}, "ttl": "86400s"});
    api.patch(&format!("{one}?updateMask=versionAliases,ttl"), patch)
        .await?
        .ok()?;
    api.get(&one).await?.ok()?;
    policy(api, &one).await?;
    for verb in ["enableManagedRotation", "rotateSecret"] {
        let answer = api.post(&format!("{one}:{verb}"), json!({})).await?;
        ensure!(answer.status == 501, "{verb}: {answer:?}");
    }
    let etag = "%22no-such-etag%22";
    api.delete(&format!("{one}?etag={etag}")).await?.refused()?;
    api.delete(&one).await?.ok()?;
    api.get(&one).await?.refused()?;
    Ok(())
}

async fn versions(api: &Api, secret: &str) -> Result<()> {
    let crc = crc32c::crc32c(b"hunter2").to_string();
    let payload = json!({"payload": {"data": STANDARD.encode("hunter2"), "dataCrc32c": crc}});
    api.post(&format!("{secret}:addVersion"), payload)
        .await?
        .ok()?;
    let wrong = json!({"payload": {"data": STANDARD.encode("hunter2"), "dataCrc32c": "1"}});
    api.post(&format!("{secret}:addVersion"), wrong)
        .await?
        .refused()?;
    api.get(&format!("{secret}/versions?filter=state:ENABLED"))
        .await?
        .ok()?;
    let one = format!("{secret}/versions/1");
    api.get(&one).await?.ok()?;
    api.get(&format!("{secret}/versions/latest:access"))
        .await?
        .ok()?;
    api.post(&format!("{one}:disable"), json!({})).await?.ok()?;
    api.get(&format!("{one}:access")).await?.refused()?;
    let enabled = api.post(&format!("{one}:enable"), json!({})).await?.ok()?;
    let etag = json!({"etag": enabled["etag"]});
    api.post(&format!("{one}:destroy"), etag).await?.ok()?;
    api.get(&one).await?.ok()?;
    Ok(())
}

/// The three methods that every resource with a policy has.
pub(super) async fn policy(api: &Api, resource: &str) -> Result<()> {
    let read = format!("{resource}:getIamPolicy?options.requestedPolicyVersion=3");
    let etag: Value = api.get(&read).await?.ok()?["etag"].clone();
    let binding = json!({"role": "roles/viewer", "members": ["user:a@example.com"]});
    let set = json!({"policy": {"version": 3, "bindings": [binding], "etag": etag}});
    api.post(&format!("{resource}:setIamPolicy"), set)
        .await?
        .ok()?;
    api.get(&read).await?.ok()?;
    let asked = json!({"permissions": ["secretmanager.versions.access"]});
    api.post(&format!("{resource}:testIamPermissions"), asked)
        .await?
        .ok()?;
    Ok(())
}
