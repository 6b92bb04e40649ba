//! Secret Manager over REST: secrets and their versions.

use crate::support::{Api, Result, start, start_stopped};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

pub(crate) const SECRETS: &str = "/v1/projects/demo/secrets";
pub(crate) const DB: &str = "/v1/projects/demo/secrets/db";

/// Makes the secret `db` with these fields besides its replication.
pub(crate) async fn created(api: &Api, mut secret: Value) -> Result<Value> {
    secret["replication"] = json!({"automatic": {}});
    api.post(&format!("{SECRETS}?secretId=db"), secret)
        .await?
        .ok()
}

pub(crate) async fn add(api: &Api, text: &str) -> Result<Value> {
    let payload = json!({"payload": {"data": STANDARD.encode(text)}});
    api.post(&format!("{DB}:addVersion"), payload).await?.ok()
}

async fn access(api: &Api, which: &str) -> Result<String> {
    let answer = api
        .get(&format!("{DB}/versions/{which}:access"))
        .await?
        .ok()?;
    let data = answer["payload"]["data"].as_str().unwrap_or_default();
    Ok(String::from_utf8(STANDARD.decode(data)?)?)
}

/// Status, code and message of a refusal.
fn refusal(answer: &crate::support::Answered) -> Result<(u16, String, String)> {
    let (status, code) = answer.refused()?;
    let body: Value = serde_json::from_str(&answer.text)?;
    let message = body["error"]["message"].as_str().unwrap_or_default();
    Ok((status, code, message.to_owned()))
}

fn words(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

async fn number(api: &Api) -> Result<String> {
    let overview = api.get("/_local").await?.ok()?;
    Ok(overview["projectNumber"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

#[tokio::test]
async fn a_secret_is_shown_with_the_number_of_its_project_and_found_by_id_and_number() -> Result<()>
{
    let api = start_stopped().await?;
    let made = created(
        &api,
        json!({"labels": {"team": "x"}, "annotations": {"a.b": "Ü/1"}}),
    )
    .await?;
    let name = format!("projects/{}/secrets/db", number(&api).await?);
    let wanted = json!({
        "name": name,
        "replication": {"automatic": {}},
        "createTime": "2026-11-01T12:00:00Z",
        "etag": made["etag"],
        "labels": {"team": "x"},
        "annotations": {"a.b": "Ü/1"},
    });
    assert_eq!(made, wanted);
    assert_eq!(api.get(DB).await?.ok()?, wanted);
    assert_eq!(api.get(&format!("/v1/{name}")).await?.ok()?, wanted);
    Ok(())
}

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
async fn refusals_have_googles_codes_and_words() -> Result<()> {
    let api = start().await?;
    let n = number(&api).await?;
    let missing = api.get(DB).await?;
    assert_eq!(
        refusal(&missing)?,
        words(
            404,
            "NOT_FOUND",
            &format!("Secret [projects/{n}/secrets/db] not found.")
        )
    );
    created(&api, json!({})).await?;
    let again = api
        .post(
            &format!("{SECRETS}?secretId=db"),
            json!({"replication": {"automatic": {}}}),
        )
        .await?;
    assert_eq!(
        refusal(&again)?,
        words(
            409,
            "ALREADY_EXISTS",
            &format!("Secret [projects/{n}/secrets/db] already exists.")
        )
    );
    let empty = api.get(&format!("{DB}/versions/latest:access")).await?;
    assert_eq!(
        refusal(&empty)?,
        words(
            404,
            "NOT_FOUND",
            &format!("Secret [projects/{n}/secrets/db] not found or has no versions.")
        )
    );
    add(&api, "one").await?;
    let absent = api.get(&format!("{DB}/versions/7")).await?;
    assert_eq!(
        refusal(&absent)?,
        words(
            404,
            "NOT_FOUND",
            &format!("Secret Version [projects/{n}/secrets/db/versions/7] not found.")
        )
    );
    api.post(&format!("{DB}/versions/1:disable"), json!({}))
        .await?
        .ok()?;
    let disabled = api.get(&format!("{DB}/versions/latest:access")).await?;
    assert_eq!(
        refusal(&disabled)?,
        words(
            400,
            "FAILED_PRECONDITION",
            &format!("Secret Version [projects/{n}/secrets/db/versions/1] is in DISABLED state.")
        )
    );
    Ok(())
}

#[tokio::test]
async fn only_what_the_mask_names_changes_and_what_it_names_in_vain_is_cleared() -> Result<()> {
    let api = start().await?;
    let before = created(
        &api,
        json!({"labels": {"a": "1"}, "annotations": {"k": "v"}}),
    )
    .await?;
    let patch = |mask: &'static str, body| api.patch_secret(mask, body);
    let after = patch(
        "labels",
        json!({"labels": {"b": "2"}, "annotations": {"x": "y"}}),
    )
    .await?
    .ok()?;
    assert_eq!(
        (&after["labels"], &after["annotations"]),
        (&json!({"b": "2"}), &json!({"k": "v"}))
    );
    assert_ne!(after["etag"], before["etag"]);
    let cleared = patch("annotations,labels", json!({"labels": {}}))
        .await?
        .ok()?;
    assert!(
        cleared.get("labels").is_none() && cleared.get("annotations").is_none(),
        "{cleared}"
    );
    let touched = patch("", json!({"labels": {"z": "9"}})).await?.ok()?;
    assert!(
        touched.get("labels").is_none() && touched["etag"] != cleared["etag"],
        "{touched}"
    );
    let no_mask = api.patch(DB, json!({"labels": {}})).await?;
    assert_eq!(no_mask.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    for mask in ["name", "labels.a", "create_time", "nonsense"] {
        let refused = patch(mask, json!({})).await?;
        assert_eq!(
            refused.refused()?,
            (400, "INVALID_ARGUMENT".to_owned()),
            "{mask}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_patch_whose_etag_is_old_changes_nothing() -> Result<()> {
    let api = start().await?;
    let made = created(&api, json!({})).await?;
    let etag = made["etag"].clone();
    // Neither versions nor policies move the secret's etag.
    add(&api, "one").await?;
    api.post(
        &format!("{DB}:setIamPolicy"),
        json!({"policy": {"bindings": []}}),
    )
    .await?
    .ok()?;
    let body = |state: &str| json!({"etag": etag, "annotations": {"state": state}});
    api.patch_secret("annotations", body("a")).await?.ok()?;
    let late = api.patch_secret("annotations", body("b")).await?;
    assert_eq!(late.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    assert!(
        late.text
            .contains("The etag provided in the request does not match"),
        "{}",
        late.text
    );
    assert_eq!(api.get(DB).await?.ok()?["annotations"]["state"], "a");
    let late = api.delete(&format!("{DB}?etag={}", "%2216%22")).await?;
    assert_eq!(late.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    let free = json!({"etag": "", "annotations": {"state": "c"}});
    api.patch_secret("annotations", free).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn of_many_patches_with_one_etag_exactly_one_wins() -> Result<()> {
    let api = start().await?;
    let made = created(&api, json!({})).await?;
    let tries = (0..20).map(|n| {
        let body = json!({"etag": made["etag"], "annotations": {"who": n.to_string()}});
        api.patch_secret("annotations", body)
    });
    let answers = futures::future::try_join_all(tries).await?;
    let won = answers.iter().filter(|a| a.status.is_success()).count();
    assert_eq!(won, 1);
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
async fn lists_come_newest_first_in_pages_and_filtered() -> Result<()> {
    let api = start_stopped().await?;
    for (id, env) in [("aaa", "prod"), ("bbb", "test"), ("ccc", "prod")] {
        let secret = json!({"replication": {"automatic": {}}, "labels": {"env": env}});
        api.post(&format!("{SECRETS}?secretId={id}"), secret)
            .await?
            .ok()?;
        api.gcp.advance(jiff::SignedDuration::from_secs(1)).await?;
    }
    let ids = |list: &Value| -> Vec<String> {
        let names = list["secrets"].as_array().into_iter().flatten();
        names
            .filter_map(|s| s["name"].as_str()?.rsplit('/').next().map(str::to_owned))
            .collect()
    };
    let first = api.get(&format!("{SECRETS}?pageSize=2")).await?.ok()?;
    assert_eq!(
        (ids(&first), &first["totalSize"]),
        (vec!["ccc".to_owned(), "bbb".to_owned()], &json!(3))
    );
    let token = first["nextPageToken"].as_str().unwrap_or_default();
    let last = api
        .get(&format!("{SECRETS}?pageSize=2&pageToken={token}"))
        .await?
        .ok()?;
    assert_eq!(
        (ids(&last), last.get("nextPageToken")),
        (vec!["aaa".to_owned()], None)
    );
    let some = api
        .get(&format!(
            "{SECRETS}?filter=labels.env%3Dprod%20AND%20NOT%20name:ccc&pageSize=0"
        ))
        .await?
        .ok()?;
    assert_eq!(
        (ids(&some), some.get("totalSize")),
        (vec!["aaa".to_owned()], None)
    );
    let bad = api.get(&format!("{SECRETS}?filter=labels.env%3D")).await?;
    assert_eq!(bad.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
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
async fn a_regional_secret_has_its_own_name_and_no_replication() -> Result<()> {
    let api = start().await?;
    let place = "/v1/projects/demo/locations/europe-west1/secrets";
    created(&api, json!({})).await?;
    let refused = api
        .post(
            &format!("{place}?secretId=db"),
            json!({"replication": {"automatic": {}}}),
        )
        .await?;
    assert_eq!(refused.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    let made = api
        .post(&format!("{place}?secretId=db"), json!({}))
        .await?
        .ok()?;
    let name = format!(
        "projects/{}/locations/europe-west1/secrets/db",
        number(&api).await?
    );
    assert_eq!(
        (&made["name"], made.get("replication")),
        (&json!(name), None)
    );
    let payload = json!({"payload": {"data": STANDARD.encode("regional")}});
    api.post(&format!("{place}/db:addVersion"), payload)
        .await?
        .ok()?;
    assert_eq!(api.get(&format!("{DB}/versions")).await?.ok()?, json!({}));
    assert_eq!(api.get(place).await?.ok()?["totalSize"], 1);
    assert_eq!(api.get(SECRETS).await?.ok()?["totalSize"], 1);
    assert_eq!(
        api.gcp
            .journal()
            .of("secretmanager.projects.locations.secrets.addVersion")
            .len(),
        1
    );
    Ok(())
}

#[tokio::test]
async fn policies_are_kept_and_permissions_on_a_missing_secret_are_none() -> Result<()> {
    let api = start().await?;
    let ask = json!({"permissions": ["secretmanager.versions.access"]});
    let none = api
        .post(&format!("{DB}:testIamPermissions"), ask.clone())
        .await?
        .ok()?;
    assert_eq!(none, json!({}));
    created(&api, json!({})).await?;
    assert_eq!(
        api.post(&format!("{DB}:testIamPermissions"), ask.clone())
            .await?
            .ok()?,
        ask
    );
    let binding =
        json!([{"role": "roles/secretmanager.secretAccessor", "members": ["user:a@example.com"]}]);
    api.post(
        &format!("{DB}:setIamPolicy"),
        json!({"policy": {"bindings": binding}}),
    )
    .await?
    .ok()?;
    assert_eq!(
        api.get(&format!("{DB}:getIamPolicy")).await?.ok()?["bindings"],
        binding
    );
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

#[tokio::test]
async fn a_seed_brings_secrets_with_versions_or_nothing_at_all() -> Result<()> {
    let api = start().await?;
    let seed = |data: &str| {
        json!({"secretmanager": {"secrets": [{
            "name": "projects/demo/secrets/db",
            "labels": {"rotator": "on"},
            "versionAliases": {"current": 1},
            "versions": [{"text": "one"}, {"data": data}],
        }]}})
    };
    assert!(api.gcp.seed(seed("!")).is_err());
    assert_eq!(api.get(DB).await?.refused()?.0, 404);
    api.gcp.seed(seed(&STANDARD.encode("two")))?;
    assert_eq!(
        (
            access(&api, "current").await?,
            access(&api, "latest").await?
        ),
        ("one".into(), "two".into())
    );
    Ok(())
}

impl Api {
    pub(crate) async fn patch_secret(
        &self,
        mask: &str,
        body: Value,
    ) -> Result<crate::support::Answered> {
        self.patch(&format!("{DB}?updateMask={mask}"), body).await
    }
}
