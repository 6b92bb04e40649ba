//! Secret Manager over REST: secrets and their versions.

use crate::support::{Answered, Api, Result, start, start_stopped};
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

pub(crate) async fn access(api: &Api, which: &str) -> Result<String> {
    let answer = api
        .get(&format!("{DB}/versions/{which}:access"))
        .await?
        .ok()?;
    let data = answer["payload"]["data"].as_str().unwrap_or_default();
    Ok(String::from_utf8(STANDARD.decode(data)?)?)
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

/// Asserts status, code and words of a refusal. `SECRET` stands for the name of the secret.
async fn assert_refused(
    api: &Api,
    answer: &Answered,
    status: u16,
    code: &str,
    words: &str,
) -> Result<()> {
    let secret = format!("projects/{}/secrets/db", number(api).await?);
    let body: Value = serde_json::from_str(&answer.text)?;
    let wanted =
        json!({"code": status, "status": code, "message": words.replace("SECRET", &secret)});
    assert_eq!((answer.status.as_u16(), &body["error"]), (status, &wanted));
    Ok(())
}

#[tokio::test]
async fn refusals_have_googles_codes_and_words() -> Result<()> {
    let api = start().await?;
    let missing = api.get(DB).await?;
    assert_refused(
        &api,
        &missing,
        404,
        "NOT_FOUND",
        "Secret [SECRET] not found.",
    )
    .await?;
    created(&api, json!({})).await?;
    let again = json!({"replication": {"automatic": {}}});
    let again = api.post(&format!("{SECRETS}?secretId=db"), again).await?;
    assert_refused(
        &api,
        &again,
        409,
        "ALREADY_EXISTS",
        "Secret [SECRET] already exists.",
    )
    .await?;
    let empty = api.get(&format!("{DB}/versions/latest:access")).await?;
    let words = "Secret [SECRET] not found or has no versions.";
    assert_refused(&api, &empty, 404, "NOT_FOUND", words).await?;
    add(&api, "one").await?;
    let absent = api.get(&format!("{DB}/versions/7")).await?;
    let words = "Secret Version [SECRET/versions/7] not found.";
    assert_refused(&api, &absent, 404, "NOT_FOUND", words).await?;
    api.post(&format!("{DB}/versions/1:disable"), json!({}))
        .await?
        .ok()?;
    let disabled = api.get(&format!("{DB}/versions/latest:access")).await?;
    let words = "Secret Version [SECRET/versions/1] is in DISABLED state.";
    assert_refused(&api, &disabled, 400, "FAILED_PRECONDITION", words).await
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
    pub(crate) async fn patch_secret(&self, mask: &str, body: Value) -> Result<Answered> {
        self.patch(&format!("{DB}?updateMask={mask}"), body).await
    }
}
