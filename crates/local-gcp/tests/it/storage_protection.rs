//! What keeps objects from being deleted or overwritten, and what brings them back.

use crate::{
    storage::{BUCKET, reason, text, upload, with_bucket},
    support::{Api, Result, ensure, send, start_stopped},
};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn a_retention_policy_keeps_objects_until_they_are_old_enough() -> Result<()> {
    let api = start_stopped().await?;
    with_bucket(
        &api,
        json!({"retentionPolicy": {"retentionPeriod": "86400"}}),
    )
    .await?;
    let made = upload(&api, "a", "", "one").await?.ok()?;
    assert_eq!(made["retentionExpirationTime"], "2026-11-02T12:00:00Z");
    let one = format!("{BUCKET}/o/a");
    let refused = (403, "retentionPolicyNotMet".to_owned());
    assert_eq!(reason(&api.delete(&one).await?)?, refused);
    assert_eq!(reason(&upload(&api, "a", "", "two").await?)?, refused);
    let xml = send(api.request(Method::DELETE, "/a-bucket/a")).await?;
    assert_eq!(xml.status, 403);
    ensure!(
        xml.text.contains("<Code>RetentionPolicyNotMet</Code>"),
        "{}",
        xml.text
    );
    assert_eq!(text(&api, "a").await?, "one");
    api.gcp.advance(DAY).await?;
    api.delete(&one).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn a_locked_policy_only_grows() -> Result<()> {
    let api = start_stopped().await?;
    with_bucket(&api, json!({"retentionPolicy": {"retentionPeriod": "100"}})).await?;
    let lock = format!("{BUCKET}/lockRetentionPolicy");
    assert_eq!(api.post(&lock, json!({})).await?.status, 400);
    let locked = api
        .post(&format!("{lock}?ifMetagenerationMatch=1"), json!({}))
        .await?
        .ok()?;
    assert_eq!(locked["retentionPolicy"]["isLocked"], true);
    let set = async |period: Value| api.patch(BUCKET, json!({"retentionPolicy": period})).await;
    assert_eq!(set(json!({"retentionPeriod": "99"})).await?.status, 403);
    assert_eq!(set(Value::Null).await?.status, 403);
    let longer = set(json!({"retentionPeriod": "101"})).await?.ok()?;
    assert_eq!(longer["retentionPolicy"]["isLocked"], true);
    Ok(())
}

#[tokio::test]
async fn holds_keep_objects_and_the_end_of_an_event_starts_the_retention() -> Result<()> {
    let api = start_stopped().await?;
    with_bucket(
        &api,
        json!({"retentionPolicy": {"retentionPeriod": "86400"}}),
    )
    .await?;
    upload(&api, "a", "", "one").await?.ok()?;
    let one = format!("{BUCKET}/o/a");
    let held = (403, "objectUnderActiveHold".to_owned());
    api.patch(&one, json!({"temporaryHold": true, "eventBasedHold": true}))
        .await?
        .ok()?;
    api.gcp.advance(DAY * 2).await?;
    assert_eq!(reason(&api.delete(&one).await?)?, held);
    api.patch(&one, json!({"temporaryHold": false}))
        .await?
        .ok()?;
    assert_eq!(reason(&api.delete(&one).await?)?, held);
    let released = api
        .patch(&one, json!({"eventBasedHold": false}))
        .await?
        .ok()?;
    assert_eq!(released["retentionExpirationTime"], "2026-11-04T12:00:00Z");
    assert_eq!(
        reason(&api.delete(&one).await?)?,
        (403, "retentionPolicyNotMet".to_owned())
    );
    api.gcp.advance(DAY).await?;
    api.delete(&one).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn the_retention_of_one_object_is_shortened_only_with_a_word_and_never_when_locked()
-> Result<()> {
    let api = start_stopped().await?;
    with_bucket(&api, json!({})).await?;
    upload(&api, "a", "", "one").await?.ok()?;
    let one = format!("{BUCKET}/o/a");
    let keep = |mode: &str, day: u32| json!({"retention": {"mode": mode, "retainUntilTime": format!("2026-11-{day:02}T00:00:00Z")}});
    api.patch(&one, keep("Unlocked", 20)).await?.ok()?;
    assert_eq!(api.delete(&one).await?.status, 403);
    assert_eq!(api.patch(&one, keep("Unlocked", 10)).await?.status, 403);
    let overriding = format!("{one}?overrideUnlockedRetention=true");
    api.patch(&overriding, keep("Locked", 10)).await?.ok()?;
    assert_eq!(
        api.patch(&overriding, json!({"retention": null}))
            .await?
            .status,
        403
    );
    assert_eq!(api.patch(&one, keep("Forever", 30)).await?.status, 400);
    api.gcp.set_time("2026-11-10T00:00:00Z".parse()?).await?;
    api.delete(&one).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn deleted_objects_are_restored_for_a_week_and_gone_afterwards() -> Result<()> {
    let api = start_stopped().await?;
    with_bucket(&api, json!({})).await?;
    let made = upload(&api, "a", "", "one").await?.ok()?;
    let generation = made["generation"].as_str().unwrap_or_default();
    let one = format!("{BUCKET}/o/a");
    api.delete(&one).await?.ok()?;
    assert_eq!(reason(&api.get(&one).await?)?, (404, "notFound".to_owned()));
    let soft = api
        .get(&format!("{BUCKET}/o?softDeleted=true"))
        .await?
        .ok()?;
    assert_eq!(soft["items"][0]["hardDeleteTime"], "2026-11-08T12:00:00Z");
    let restored = api
        .post(&format!("{one}/restore?generation={generation}"), json!({}))
        .await?
        .ok()?;
    assert_ne!(restored["generation"], made["generation"]);
    assert_eq!(text(&api, "a").await?, "one");
    api.delete(&one).await?.ok()?;
    api.gcp.advance(DAY * 7).await?;
    let generation = restored["generation"].as_str().unwrap_or_default();
    assert_eq!(
        api.post(&format!("{one}/restore?generation={generation}"), json!({}))
            .await?
            .status,
        404
    );
    Ok(())
}

#[tokio::test]
async fn a_versioned_bucket_keeps_what_was_overwritten() -> Result<()> {
    let api = start_stopped().await?;
    let settings = json!({"versioning": {"enabled": true}, "softDeletePolicy": {"retentionDurationSeconds": "0"}});
    with_bucket(&api, settings).await?;
    let first = generation(&upload(&api, "a", "", "one").await?.ok()?);
    let second = generation(&upload(&api, "a", "", "two").await?.ok()?);
    let one = format!("{BUCKET}/o/a");
    assert_eq!(
        api.get(&format!("{one}?alt=media&generation={first}"))
            .await?
            .text,
        "one"
    );
    assert_eq!(versions(&api).await?, [first.as_str(), &second]);
    api.delete(&one).await?.ok()?;
    assert_eq!(api.get(&one).await?.status, 404);
    assert_eq!(versions(&api).await?, [first.as_str(), &second]);
    api.delete(&format!("{one}?generation={first}"))
        .await?
        .ok()?;
    assert_eq!(versions(&api).await?, [second]);
    Ok(())
}

fn generation(object: &Value) -> String {
    object["generation"].as_str().unwrap_or_default().to_owned()
}

async fn versions(api: &Api) -> Result<Vec<String>> {
    let list = api.get(&format!("{BUCKET}/o?versions=true")).await?.ok()?;
    Ok(list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(generation)
        .collect())
}
