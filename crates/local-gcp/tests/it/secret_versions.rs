//! Secret Manager over REST: payloads, states and aliases of versions.

use crate::{
    secrets::{DB, access, add, created},
    support::{Result, start, start_stopped},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

#[tokio::test]
async fn a_payload_comes_back_with_its_checksum_under_number_latest_and_alias() -> Result<()> {
    let api = start().await?;
    created(&api, json!({})).await?;
    let sum = crc32c::crc32c(b"one").to_string();
    let payload = json!({"payload": {"data": STANDARD.encode("one"), "dataCrc32c": sum}});
    let first = api.post(&format!("{DB}:addVersion"), payload).await?.ok()?;
    assert_eq!(
        (
            &first["state"],
            &first["clientSpecifiedPayloadChecksum"],
            &first["replicationStatus"]
        ),
        (&json!("ENABLED"), &json!(true), &json!({"automatic": {}}))
    );
    let second = add(&api, "two").await?;
    assert!(second.get("clientSpecifiedPayloadChecksum").is_none());
    api.patch(
        &format!("{DB}?updateMask=version_aliases"),
        json!({"versionAliases": {"current": "1"}}),
    )
    .await?
    .ok()?;
    for (which, text, version) in [
        ("1", "one", &first),
        ("latest", "two", &second),
        ("current", "one", &first),
    ] {
        assert_eq!(access(&api, which).await?, text);
        assert_eq!(
            api.get(&format!("{DB}/versions/{which}")).await?.ok()?["name"],
            version["name"]
        );
    }
    let read = api.get(&format!("{DB}/versions/1:access")).await?.ok()?;
    assert_eq!(read["payload"]["dataCrc32c"], json!(sum));
    Ok(())
}

#[tokio::test]
async fn a_payload_that_was_corrupted_on_its_way_makes_no_version() -> Result<()> {
    let api = start().await?;
    created(&api, json!({})).await?;
    let big = STANDARD.encode(vec![b'x'; 64 * 1024 + 1]);
    for payload in [
        json!({"data": STANDARD.encode("one"), "dataCrc32c": "1"}),
        json!({"data": ""}),
        json!({"data": "not base64!"}),
        json!({"data": big}),
        json!({"data": "b25l", "sum": "1"}),
    ] {
        let answer = api
            .post(&format!("{DB}:addVersion"), json!({"payload": payload}))
            .await?;
        assert_eq!(
            answer.refused()?,
            (400, "INVALID_ARGUMENT".to_owned()),
            "{payload}"
        );
    }
    assert_eq!(api.get(&format!("{DB}/versions")).await?.ok()?, json!({}));
    Ok(())
}

#[tokio::test]
async fn an_alias_names_a_version_that_exists_and_outlives_its_destruction() -> Result<()> {
    let api = start().await?;
    created(&api, json!({})).await?;
    add(&api, "one").await?;
    for aliases in [
        json!({"latest": "1"}),
        json!({"NEW": "1"}),
        json!({"1st": "1"}),
        json!({"a.b": "1"}),
    ] {
        let refused = api
            .patch_secret("versionAliases", json!({"versionAliases": aliases}))
            .await?;
        assert_eq!(
            refused.refused()?,
            (400, "INVALID_ARGUMENT".to_owned()),
            "{aliases}"
        );
    }
    let unknown = api
        .patch_secret("versionAliases", json!({"versionAliases": {"a": "2"}}))
        .await?;
    assert_eq!(unknown.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    api.patch_secret(
        "versionAliases",
        json!({"versionAliases": {"current": 1, "New": "1"}}),
    )
    .await?
    .ok()?;
    api.post(&format!("{DB}/versions/1:destroy"), json!({}))
        .await?
        .ok()?;
    let secret = api.get(DB).await?.ok()?;
    assert_eq!(
        secret["versionAliases"],
        json!({"current": "1", "New": "1"})
    );
    let destroyed = api.get(&format!("{DB}/versions/current:access")).await?;
    assert_eq!(
        destroyed.refused()?,
        (400, "FAILED_PRECONDITION".to_owned())
    );
    let other = api.get(&format!("{DB}/versions/previous:access")).await?;
    assert_eq!(other.refused()?, (404, "NOT_FOUND".to_owned()));
    Ok(())
}

#[tokio::test]
async fn states_change_by_number_only_and_destroyed_is_for_good() -> Result<()> {
    let api = start().await?;
    created(&api, json!({})).await?;
    let made = add(&api, "one").await?;
    let change = async |which: &str, verb: &str, body: Value| {
        api.post(&format!("{DB}/versions/{which}:{verb}"), body)
            .await
    };
    let disabled = change("1", "disable", json!({"etag": made["etag"]}))
        .await?
        .ok()?;
    assert_eq!(disabled["state"], "DISABLED");
    let late = change("1", "enable", json!({"etag": made["etag"]})).await?;
    assert_eq!(late.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    let by_alias = change("latest", "enable", json!({})).await?;
    assert_eq!(by_alias.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    change("1", "enable", json!({})).await?.ok()?;
    assert_eq!(access(&api, "latest").await?, "one");
    let destroyed = change("1", "destroy", json!({})).await?.ok()?;
    assert_eq!(destroyed["state"], "DESTROYED");
    assert!(destroyed["destroyTime"].is_string());
    for verb in ["enable", "disable", "destroy"] {
        let refused = change("1", verb, json!({})).await?;
        assert_eq!(
            refused.refused()?,
            (400, "FAILED_PRECONDITION".to_owned()),
            "{verb}"
        );
    }
    assert_eq!(
        add(&api, "two").await?["name"]
            .as_str()
            .map(|n| n.ends_with("/2")),
        Some(true)
    );
    Ok(())
}

#[tokio::test]
async fn with_a_delay_a_version_is_disabled_first_and_destroyed_when_its_time_has_come()
-> Result<()> {
    let api = start_stopped().await?;
    created(&api, json!({"versionDestroyTtl": "86400s"})).await?;
    for text in ["one", "two"] {
        add(&api, text).await?;
        let which = if text == "one" { 1 } else { 2 };
        let scheduled = api
            .post(&format!("{DB}/versions/{which}:destroy"), json!({}))
            .await?
            .ok()?;
        assert_eq!(
            (&scheduled["state"], &scheduled["scheduledDestroyTime"]),
            (&json!("DISABLED"), &json!("2026-11-02T12:00:00Z"))
        );
    }
    let twice = api
        .post(&format!("{DB}/versions/1:destroy"), json!({}))
        .await?;
    assert_eq!(twice.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    assert!(
        twice.text.contains("already scheduled for DESTRUCTION"),
        "{}",
        twice.text
    );
    let kept = api
        .post(&format!("{DB}/versions/2:enable"), json!({}))
        .await?
        .ok()?;
    assert!(kept.get("scheduledDestroyTime").is_none(), "{kept}");
    api.gcp
        .advance(jiff::SignedDuration::from_hours(24))
        .await?;
    let first = api.get(&format!("{DB}/versions/1")).await?.ok()?;
    assert_eq!(
        (&first["state"], &first["destroyTime"]),
        (&json!("DESTROYED"), &json!("2026-11-02T12:00:00Z"))
    );
    assert_eq!(access(&api, "2").await?, "two");
    Ok(())
}

#[tokio::test]
async fn versions_are_listed_newest_first_also_beyond_nine() -> Result<()> {
    let api = start().await?;
    created(&api, json!({})).await?;
    for n in 1..=11 {
        add(&api, &n.to_string()).await?;
    }
    api.post(&format!("{DB}/versions/10:disable"), json!({}))
        .await?
        .ok()?;
    let numbers = |list: &Value| -> Vec<String> {
        let names = list["versions"].as_array().into_iter().flatten();
        names
            .filter_map(|v| v["name"].as_str()?.rsplit('/').next().map(str::to_owned))
            .collect()
    };
    let page = api.get(&format!("{DB}/versions?pageSize=3")).await?.ok()?;
    assert_eq!(numbers(&page), ["11", "10", "9"]);
    let disabled = api
        .get(&format!("{DB}/versions?filter=state:DISABLED"))
        .await?
        .ok()?;
    assert_eq!(numbers(&disabled), ["10"]);
    Ok(())
}

#[tokio::test]
async fn payloads_do_not_reach_the_journal() -> Result<()> {
    let api = start().await?;
    created(&api, json!({})).await?;
    add(&api, "hunter2").await?;
    access(&api, "latest").await?;
    let journal = api.get("/_local/journal").await?.text;
    assert!(journal.contains("versions.access") && !journal.contains(&STANDARD.encode("hunter2")));
    Ok(())
}
