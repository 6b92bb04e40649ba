//! Secret Manager over time: what topics are told, rotation schedules, expiry.

use crate::{
    pubsub::{SUBSCRIPTION, TOPIC, pull, subscribed},
    secrets::{DB, SECRETS, add, created},
    support::{Api, Result, start_stopped},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// What the topic was told since the last time: attributes, and the body.
async fn told(api: &Api) -> Result<Vec<(Value, Value)>> {
    let mut told = vec![];
    loop {
        let received = pull(api, SUBSCRIPTION).await?;
        if received.is_empty() {
            return Ok(told);
        }
        for one in &received {
            let message = &one["message"];
            let data = STANDARD.decode(message["data"].as_str().unwrap_or_default())?;
            let body = serde_json::from_slice(&data).unwrap_or(Value::Null);
            told.push((message["attributes"].clone(), body));
        }
        let ids: Value = received.iter().map(|m| m["ackId"].clone()).collect();
        api.post(
            &format!("/v1/{SUBSCRIPTION}:acknowledge"),
            json!({"ackIds": ids}),
        )
        .await?
        .ok()?;
    }
}

fn kinds(told: &[(Value, Value)]) -> Vec<&str> {
    told.iter()
        .filter_map(|(attributes, _)| attributes["eventType"].as_str())
        .collect()
}

fn topics() -> Value {
    json!([{"name": TOPIC}])
}

#[tokio::test]
async fn every_change_is_told_in_the_documented_form() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({})).await?;
    let made = created(&api, json!({"topics": topics()})).await?;
    let version = add(&api, "one").await?;
    api.patch_secret("labels", json!({"labels": {"a": "b"}}))
        .await?
        .ok()?;
    for verb in ["disable", "enable", "destroy"] {
        api.post(&format!("{DB}/versions/1:{verb}"), json!({}))
            .await?
            .ok()?;
    }
    api.get(&format!("{DB}/versions/1")).await?.ok()?;
    api.delete(DB).await?.ok()?;
    let told = told(&api).await?;
    assert_eq!(
        kinds(&told),
        [
            "TOPIC_CONFIGURED",
            "SECRET_CREATE",
            "SECRET_VERSION_ADD",
            "SECRET_UPDATE",
            "SECRET_VERSION_DISABLE",
            "SECRET_VERSION_ENABLE",
            "SECRET_VERSION_DESTROY",
            "SECRET_DELETE",
        ]
    );
    assert_eq!(
        told[0],
        (json!({"eventType": "TOPIC_CONFIGURED"}), Value::Null)
    );
    let wanted = json!({
        "eventType": "SECRET_CREATE",
        "dataFormat": "JSON_API_V1",
        "secretId": made["name"],
        "timestamp": "2026-11-01T04:00:00-08:00",
    });
    assert_eq!(told[1], (wanted, made));
    assert_eq!(
        (&told[2].0["versionId"], &told[2].1),
        (&version["name"], &version)
    );
    assert_eq!(told[7].0["deleteType"], "REQUESTED");
    Ok(())
}

#[tokio::test]
async fn a_rotation_is_told_at_its_time_with_the_next_time_in_it_already() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({})).await?;
    let rotation = json!({"nextRotationTime": "2026-11-02T00:00:00Z", "rotationPeriod": "86400s"});
    let made = created(&api, json!({"topics": topics(), "rotation": rotation})).await?;
    add(&api, "one").await?;
    told(&api).await?;
    api.gcp.advance(SignedDuration::from_hours(11)).await?;
    assert_eq!(told(&api).await?, []);
    api.gcp.advance(SignedDuration::from_hours(49)).await?;
    let told = told(&api).await?;
    assert_eq!(kinds(&told), ["SECRET_ROTATE"; 3]);
    let next = |n: usize| &told[n].1["rotation"];
    assert_eq!(
        next(0),
        &json!({"nextRotationTime": "2026-11-03T00:00:00Z", "rotationPeriod": "86400s"})
    );
    assert_eq!(next(2)["nextRotationTime"], "2026-11-05T00:00:00Z");
    assert_eq!(told[0].0["timestamp"], "2026-11-01T16:00:00-08:00");
    // The notice moves the etag and nothing else: no version came or went.
    let now = api.get(DB).await?.ok()?;
    assert_eq!(now["etag"], told[2].1["etag"]);
    assert_ne!(now["etag"], made["etag"]);
    assert_eq!(
        api.get(&format!("{DB}/versions")).await?.ok()?["totalSize"],
        1
    );
    Ok(())
}

#[tokio::test]
async fn a_rotation_without_a_period_is_told_once_and_its_schedule_is_gone() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({})).await?;
    let rotation = json!({"nextRotationTime": "2026-11-02T00:00:00Z"});
    created(&api, json!({"topics": topics(), "rotation": rotation})).await?;
    told(&api).await?;
    api.gcp.advance(SignedDuration::from_hours(24 * 3)).await?;
    let told = told(&api).await?;
    assert_eq!(
        (kinds(&told), told[0].1.get("rotation")),
        (vec!["SECRET_ROTATE"], None)
    );
    assert_eq!(api.get(DB).await?.ok()?.get("rotation"), None);
    Ok(())
}

#[tokio::test]
async fn a_schedule_is_changed_field_by_field_as_gcloud_does() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({})).await?;
    created(&api, json!({"topics": topics()})).await?;
    let mask = "rotation.next_rotation_time,rotation.rotation_period";
    let body = json!({
        "annotations": {}, "versionAliases": {},
        "rotation": {"nextRotationTime": "2026-11-02T00:00:00Z", "rotationPeriod": "3600s"},
    });
    let set = api.patch_secret(mask, body.clone()).await?.ok()?;
    assert_eq!(set["rotation"], body["rotation"]);
    let cleared = api.patch_secret("rotation", json!({})).await?.ok()?;
    assert_eq!(cleared.get("rotation"), None);
    told(&api).await?;
    api.gcp.advance(SignedDuration::from_hours(24)).await?;
    assert_eq!(told(&api).await?, []);
    Ok(())
}

#[tokio::test]
async fn a_schedule_that_cannot_work_is_refused() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({})).await?;
    created(&api, json!({"topics": topics()})).await?;
    let later = "2026-11-02T00:00:00Z";
    for (rotation, code) in [
        (json!({"rotationPeriod": "3600s"}), "FAILED_PRECONDITION"),
        (
            json!({"nextRotationTime": "2026-11-01T12:04:59Z"}),
            "INVALID_ARGUMENT",
        ),
        (
            json!({"nextRotationTime": "2127-11-01T12:04:59Z"}),
            "INVALID_ARGUMENT",
        ),
        (
            json!({"nextRotationTime": later, "rotationPeriod": "3599s"}),
            "INVALID_ARGUMENT",
        ),
        (
            json!({"nextRotationTime": later, "rotationPeriod": "1h"}),
            "INVALID_ARGUMENT",
        ),
    ] {
        let refused = api
            .patch_secret("rotation", json!({"rotation": rotation}))
            .await?;
        assert_eq!(refused.refused()?, (400, code.to_owned()), "{rotation}");
    }
    let mute = json!({"replication": {"automatic": {}}, "rotation": {"nextRotationTime": later}});
    let refused = api.post(&format!("{SECRETS}?secretId=mute"), mute).await?;
    assert_eq!(refused.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_refused_and_one_that_comes_back_is_told_late() -> Result<()> {
    let api = start_stopped().await?;
    let secret = json!({"replication": {"automatic": {}}, "topics": topics()});
    let refused = api.post(&format!("{SECRETS}?secretId=db"), secret).await?;
    assert_eq!(refused.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    subscribed(&api, json!({})).await?;
    created(&api, json!({"topics": topics()})).await?;
    told(&api).await?;
    api.delete(&format!("/v1/{TOPIC}")).await?.ok()?;
    add(&api, "one").await?;
    api.delete(&format!("/v1/{SUBSCRIPTION}")).await?.ok()?;
    subscribed(&api, json!({})).await?;
    assert_eq!(told(&api).await?, []);
    api.gcp.advance(SignedDuration::from_mins(2)).await?;
    let told = told(&api).await?;
    assert_eq!(kinds(&told), ["SECRET_VERSION_ADD"]);
    assert_eq!(told[0].0["timestamp"], "2026-11-01T04:00:00-08:00");
    Ok(())
}

#[tokio::test]
async fn an_expired_secret_is_deleted_and_its_topics_are_told_why() -> Result<()> {
    let api = start_stopped().await?;
    subscribed(&api, json!({})).await?;
    let made = created(&api, json!({"topics": topics(), "ttl": "3600s"})).await?;
    assert_eq!(
        (&made["expireTime"], made.get("ttl")),
        (&json!("2026-11-01T13:00:00Z"), None)
    );
    add(&api, "one").await?;
    let longer = api
        .patch_secret("ttl", json!({"ttl": "7200s"}))
        .await?
        .ok()?;
    assert_eq!(longer["expireTime"], "2026-11-01T14:00:00Z");
    told(&api).await?;
    api.gcp.advance(SignedDuration::from_mins(90)).await?;
    assert!(api.get(DB).await?.status.is_success());
    api.gcp.advance(SignedDuration::from_mins(30)).await?;
    let told = told(&api).await?;
    assert_eq!(
        (kinds(&told), &told[0].0["deleteType"]),
        (vec!["SECRET_DELETE"], &json!("EXPIRATION"))
    );
    assert_eq!(api.get(DB).await?.refused()?.0, 404);
    // A new one of that name starts over.
    created(&api, json!({})).await?;
    assert_eq!(api.get(&format!("{DB}/versions")).await?.ok()?, json!({}));
    Ok(())
}
