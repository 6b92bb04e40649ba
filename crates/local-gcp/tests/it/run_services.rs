//! Cloud Run services over REST: field masks, scaling, revisions, traffic.

use crate::support::{Api, Result, ensure, eventually, start};
use local_gcp::{Code, Fault};
use serde_json::{Value, json};

pub(crate) const PARENT: &str = "/v2/projects/demo/locations/europe-west1";
pub(crate) const WEB: &str = "/v2/projects/demo/locations/europe-west1/services/web";

pub(crate) fn image(image: &str) -> Value {
    json!({ "template": { "containers": [{ "image": image }] } })
}

/// The operation's response, once it has ended well.
pub(crate) async fn done(api: &Api, operation: Value) -> Result<Value> {
    let ended = ended(api, operation).await?;
    ensure!(ended["error"].is_null(), "{ended}");
    Ok(ended["response"].clone())
}

/// The operation, once it has ended.
pub(crate) async fn ended(api: &Api, operation: Value) -> Result<Value> {
    let path = format!("/v2/{}", operation["name"].as_str().unwrap_or_default());
    eventually("the end of the operation", async || {
        let operation = api.get(&path).await?.ok()?;
        Ok(Some(operation).filter(|operation| operation["done"] == true))
    })
    .await
}

pub(crate) async fn create(api: &Api, id: &str, body: Value) -> Result<Value> {
    let path = format!("{PARENT}/services?serviceId={id}");
    done(api, api.post(&path, body).await?.ok()?).await
}

/// Patches `web` and waits.
async fn patch(api: &Api, query: &str, body: Value) -> Result<Value> {
    let operation = api.patch(&format!("{WEB}?{query}"), body).await?.ok()?;
    done(api, operation).await
}

async fn revisions(api: &Api) -> Result<usize> {
    let listed = api.get(&format!("{WEB}/revisions")).await?.ok()?;
    Ok(listed["revisions"].as_array().map_or(0, Vec::len))
}

#[tokio::test]
async fn a_service_is_made_with_googles_defaults_and_reconciles_by_an_operation() -> Result<()> {
    let api = start().await?;
    let operation = api
        .post(&format!("{PARENT}/services?serviceId=web"), image("img"))
        .await?
        .ok()?;
    assert_eq!(operation["done"], false);
    assert_eq!(
        operation["metadata"]["@type"],
        "type.googleapis.com/google.cloud.run.v2.Service"
    );
    let pending = api.get(WEB).await?.ok()?;
    assert_eq!(
        (
            &pending["reconciling"],
            &pending["terminalCondition"]["state"]
        ),
        (&json!(true), &json!("CONDITION_RECONCILING"))
    );
    let service = done(&api, operation).await?;
    assert_eq!(
        service["@type"],
        "type.googleapis.com/google.cloud.run.v2.Service"
    );
    assert_eq!(service["name"], &WEB[4..]);
    assert_eq!(
        (&service["generation"], &service["observedGeneration"]),
        (&json!("1"), &json!("1"))
    );
    assert_eq!(service["terminalCondition"]["state"], "CONDITION_SUCCEEDED");
    assert_eq!(
        service["latestReadyRevision"],
        service["latestCreatedRevision"]
    );
    assert_eq!(service["ingress"], "INGRESS_TRAFFIC_ALL");
    assert_eq!(service["template"]["maxInstanceRequestConcurrency"], 80);
    assert_eq!(service["template"]["timeout"], "300s");
    assert_eq!(
        service["template"]["containers"][0]["resources"]["limits"],
        json!({"cpu": "1000m", "memory": "512Mi"})
    );
    assert_eq!(service["trafficStatuses"][0]["percent"], 100);
    assert!(
        service["uri"]
            .as_str()
            .is_some_and(|uri| uri.starts_with("https://web-"))
    );
    Ok(())
}

#[tokio::test]
async fn service_level_scaling_makes_no_revision_and_touches_nothing_else() -> Result<()> {
    let api = start().await?;
    let before = create(&api, "web", image("img")).await?;
    let body =
        json!({"scaling": {"minInstanceCount": 3}, "labels": {"not": "masked"}, "template": {}});
    let after = patch(&api, "updateMask=scaling.minInstanceCount", body).await?;
    assert_eq!(after["scaling"], json!({"minInstanceCount": 3}));
    assert_eq!(after["generation"], "2");
    assert_eq!(
        after["latestCreatedRevision"],
        before["latestCreatedRevision"]
    );
    assert_eq!(
        (&after["labels"], &after["template"]),
        (&before["labels"], &before["template"])
    );
    assert_eq!(revisions(&api).await?, 1);
    // A masked field that the body lacks is cleared: zeros are left out by the official clients.
    let cleared = patch(&api, "updateMask=scaling.min_instance_count", json!({})).await?;
    assert_eq!(cleared["scaling"], json!({}));
    Ok(())
}

#[tokio::test]
async fn only_a_changed_template_makes_a_revision() -> Result<()> {
    let api = start().await?;
    let first = create(&api, "web", image("img")).await?;
    // A full replacement with the same template, defaults written out or not.
    let mut full = first.clone();
    full.as_object_mut().map(|full| full.remove("@type"));
    patch(&api, "", full).await?;
    patch(&api, "updateMask=labels", json!({"labels": {"team": "a"}})).await?;
    assert_eq!(revisions(&api).await?, 1);
    let scaled = json!({"template": {"scaling": {"minInstanceCount": 1}}});
    let second = patch(&api, "updateMask=template.scaling.minInstanceCount", scaled).await?;
    assert_ne!(second["latestReadyRevision"], first["latestReadyRevision"]);
    assert_eq!(
        second["template"]["scaling"],
        json!({"minInstanceCount": 1, "maxInstanceCount": 100})
    );
    assert_eq!(revisions(&api).await?, 2);
    patch(&api, "updateMask=labels&forceNewRevision=true", json!({})).await?;
    assert_eq!(revisions(&api).await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_named_revision_cannot_be_made_twice_with_different_content() -> Result<()> {
    let api = start().await?;
    let mut body = image("img");
    body["template"]["revision"] = "web-one".into();
    let made = create(&api, "web", body.clone()).await?;
    assert_eq!(
        made["latestReadyRevision"],
        format!("{}/revisions/web-one", &WEB[4..])
    );
    body["template"]["containers"][0]["image"] = "other".into();
    let refused = api.patch(WEB, body).await?;
    assert_eq!(refused.refused()?, (409, "ALREADY_EXISTS".to_owned()));
    // Masks of other fields do not run into it.
    patch(
        &api,
        "updateMask=scaling.minInstanceCount",
        json!({"scaling": {"minInstanceCount": 1}}),
    )
    .await?;
    Ok(())
}

#[tokio::test]
async fn an_old_etag_is_refused_and_nothing_changes() -> Result<()> {
    let api = start().await?;
    let old = create(&api, "web", image("img")).await?;
    let mask = "updateMask=scaling.minInstanceCount";
    patch(
        &api,
        mask,
        json!({"etag": old["etag"], "scaling": {"minInstanceCount": 1}}),
    )
    .await?;
    let body = json!({"etag": old["etag"], "scaling": {"minInstanceCount": 2}});
    let refused = api.patch(&format!("{WEB}?{mask}"), body).await?;
    assert_eq!(refused.refused()?, (409, "ABORTED".to_owned()));
    let now = api.get(WEB).await?.ok()?;
    assert_eq!(now["scaling"]["minInstanceCount"], 1);
    let query = old["etag"].as_str().unwrap_or_default().replace('"', "%22");
    let refused = api.delete(&format!("{WEB}?etag={query}")).await?;
    assert_eq!(refused.refused()?, (409, "ABORTED".to_owned()));
    Ok(())
}

#[tokio::test]
async fn validate_only_says_what_would_be_and_does_nothing() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    let before = api.get(WEB).await?.ok()?;
    let path = format!("{WEB}?updateMask=scaling.minInstanceCount&validateOnly=true");
    let operation = api
        .patch(&path, json!({"scaling": {"minInstanceCount": 4}}))
        .await?
        .ok()?;
    assert_eq!(operation["done"], true);
    assert_eq!(operation["response"]["scaling"]["minInstanceCount"], 4);
    assert_eq!(api.get(WEB).await?.ok()?, before);
    let path = format!("{PARENT}/services?serviceId=new&validateOnly=true");
    api.post(&path, image("img")).await?.ok()?;
    assert_eq!(
        api.get(&format!("{PARENT}/services/new")).await?.status,
        404
    );
    Ok(())
}

#[tokio::test]
async fn bad_changes_are_refused_with_the_field_named() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    // Mask, body, and what the refusal says.
    let changes = json!([
        ["scaling.nope", {}, "scaling.nope"],
        ["uri.x", {}, "uri.x"],
        ["scaling", {"scaling": {"minInstanceCount": 3, "maxInstanceCount": 2}}, "min_instance_count 3"],
        ["scaling", {"scaling": {"minInstanceCount": -1}}, "must not be negative"],
        ["scaling", {"scaling": {"minInstances": 1}}, "minInstances"],
        ["scaling", {"scaling": {"manualInstanceCount": 1}}, "scaling_mode MANUAL"],
        ["traffic", {"traffic": [{"percent": 90}]}, "add up to 100"],
        ["traffic", {"traffic": [{"percent": 100, "revision": "gone"}]}, "does not exist"],
        ["annotations", {"annotations": {"run.googleapis.com/minScale": "1"}}, "system prefix"],
        ["template.containers", {}, "at least one container"],
        ["", {"ingress": "EVERYBODY"}, "INGRESS_TRAFFIC_INTERNAL_ONLY"],
    ]);
    for change in changes.as_array().into_iter().flatten() {
        let mask = change[0].as_str().unwrap_or_default();
        let path = format!("{WEB}?updateMask={mask}");
        let refused = api.patch(&path, change[1].clone()).await?;
        assert_eq!(
            refused.refused()?,
            (400, "INVALID_ARGUMENT".to_owned()),
            "{change}"
        );
        let wanted = change[2].as_str().unwrap_or_default();
        assert!(refused.text.contains(wanted), "{change}: {}", refused.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_service_is_made_once_and_by_a_patch_only_when_asked() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    let again = api
        .post(&format!("{PARENT}/services?serviceId=web"), image("img"))
        .await?;
    assert_eq!(again.refused()?, (409, "ALREADY_EXISTS".to_owned()));
    let wildcard = api.get("/v2/projects/demo/locations/-/services").await?;
    assert_eq!(wildcard.status, 400);
    let path = format!("{PARENT}/services/nope");
    let missing = api.patch(&path, image("i")).await?;
    assert_eq!(missing.refused()?, (404, "NOT_FOUND".to_owned()));
    let made = api
        .patch(&format!("{path}?allowMissing=true"), image("i"))
        .await?
        .ok()?;
    done(&api, made).await?;
    Ok(())
}

#[tokio::test]
async fn manual_scaling_switches_over_and_back_by_googles_rules() -> Result<()> {
    let api = start().await?;
    let mut body = image("img");
    body["scaling"] = json!({"minInstanceCount": 2, "maxInstanceCount": 6});
    create(&api, "web", body).await?;
    let manual = json!({"scaling": {"scalingMode": 2}});
    let service = patch(&api, "updateMask=scaling.scalingMode", manual).await?;
    assert_eq!(
        service["scaling"],
        json!({"scalingMode": "MANUAL", "manualInstanceCount": 2})
    );
    let off = json!({"scaling": {"manualInstanceCount": 0}});
    let service = patch(&api, "updateMask=scaling.manualInstanceCount", off).await?;
    assert_eq!(service["scaling"]["manualInstanceCount"], 0);
    let one = json!({"scaling": {"scalingMode": "AUTOMATIC", "minInstanceCount": 1}});
    let path = format!("{WEB}?updateMask=scaling.scalingMode,scaling.minInstanceCount");
    assert_eq!(api.patch(&path, one).await?.status, 400);
    let both = json!({"scaling": {"scalingMode": "AUTOMATIC", "minInstanceCount": 1, "maxInstanceCount": 4}});
    let service = patch(&api, "updateMask=scaling", both.clone()).await?;
    assert_eq!(service["scaling"], both["scaling"]);
    assert_eq!(revisions(&api).await?, 1);
    Ok(())
}

#[tokio::test]
async fn traffic_is_split_among_revisions_and_a_used_one_cannot_be_deleted() -> Result<()> {
    let api = start().await?;
    let first = create(&api, "web", image("one")).await?;
    let old = first["latestReadyRevision"].as_str().unwrap_or_default();
    let old_id = old.rsplit('/').next().unwrap_or_default();
    patch(&api, "updateMask=template", image("two")).await?;
    let traffic =
        json!({"traffic": [{"percent": 90}, {"revision": old_id, "percent": 10, "tag": "old"}]});
    let service = patch(&api, "updateMask=traffic", traffic).await?;
    let status = &service["trafficStatuses"][1];
    assert_eq!(
        (&status["revision"], &status["percent"]),
        (&json!(old_id), &json!(10))
    );
    assert!(
        status["uri"]
            .as_str()
            .is_some_and(|uri| uri.starts_with("https://old---web-"))
    );
    let refused = api.delete(&format!("/v2/{old}")).await?;
    assert_eq!(refused.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    patch(&api, "updateMask=traffic", json!({})).await?;
    done(&api, api.delete(&format!("/v2/{old}")).await?.ok()?).await?;
    assert_eq!(revisions(&api).await?, 1);
    Ok(())
}

#[tokio::test]
async fn services_are_listed_in_pages_and_deleted_with_their_revisions() -> Result<()> {
    let api = start().await?;
    for id in ["a", "b", "c"] {
        create(&api, id, image("img")).await?;
    }
    let first = api
        .get(&format!("{PARENT}/services?pageSize=2"))
        .await?
        .ok()?;
    let token = first["nextPageToken"].as_str().unwrap_or_default();
    let second = api
        .get(&format!("{PARENT}/services?pageSize=2&pageToken={token}"))
        .await?
        .ok()?;
    let names = [
        &first["services"][0],
        &first["services"][1],
        &second["services"][0],
    ];
    let names = names.map(|s| s["name"].as_str().unwrap_or_default().rsplit('/').next());
    assert_eq!(names, [Some("c"), Some("b"), Some("a")]);
    assert!(second["nextPageToken"].is_null());
    let operation = api.delete(&format!("{PARENT}/services/b")).await?.ok()?;
    let listed = api.get(&format!("{PARENT}/services")).await?.ok()?;
    assert_eq!(listed["services"].as_array().map(Vec::len), Some(2));
    done(&api, operation).await?;
    assert_eq!(api.get(&format!("{PARENT}/services/b")).await?.status, 404);
    assert_eq!(
        api.get(&format!("{PARENT}/services/b/revisions"))
            .await?
            .status,
        404
    );
    let operations = api.get(&format!("{PARENT}/operations")).await?.ok()?;
    assert_eq!(operations["operations"].as_array().map(Vec::len), Some(4));
    Ok(())
}

#[tokio::test]
async fn an_operation_that_is_to_fail_leaves_the_service_as_it_was() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    let before = api.get(WEB).await?.ok()?;
    api.gcp.faults().add(Fault {
        fail_operation: Some(Code::ResourceExhausted),
        message: Some("quota".to_owned()),
        ..Fault::on("run.projects.locations.services.patch")
    });
    let path = format!("{WEB}?updateMask=scaling.minInstanceCount");
    let operation = api
        .patch(&path, json!({"scaling": {"minInstanceCount": 9}}))
        .await?
        .ok()?;
    let waited = format!(
        "/v2/{}:wait",
        operation["name"].as_str().unwrap_or_default()
    );
    let failed = api.post(&waited, json!({"timeout": "10s"})).await?.ok()?;
    assert_eq!(
        (&failed["done"], &failed["error"]["code"]),
        (&json!(true), &json!(8))
    );
    assert_eq!(api.get(WEB).await?.ok()?, before);
    Ok(())
}

#[tokio::test]
async fn policies_are_kept_with_an_etag() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    let old = api.get(&format!("{WEB}:getIamPolicy")).await?.ok()?;
    let bindings = json!([{"role": "roles/run.invoker", "members": ["allUsers"]}]);
    let policy = json!({"policy": {"bindings": bindings, "etag": old["etag"]}});
    let new = api
        .post(&format!("{WEB}:setIamPolicy"), policy.clone())
        .await?
        .ok()?;
    assert_eq!(new["bindings"], bindings);
    let refused = api.post(&format!("{WEB}:setIamPolicy"), policy).await?;
    assert_eq!(refused.refused()?, (409, "ABORTED".to_owned()));
    assert_eq!(api.get(&format!("{WEB}:getIamPolicy")).await?.ok()?, new);
    let asked = json!({"permissions": ["run.services.update"]});
    let allowed = api
        .post(&format!("{WEB}:testIamPermissions"), asked.clone())
        .await?
        .ok()?;
    assert_eq!(allowed, asked);
    Ok(())
}

#[tokio::test]
async fn seeded_services_are_ready_at_once_and_a_bad_seed_changes_nothing() -> Result<()> {
    let api = start().await?;
    let mut web = image("img");
    web["name"] = WEB[4..].into();
    web["scaling"] = json!({"minInstanceCount": 2});
    api.gcp.seed(json!({"run": {"services": [web.clone()]}}))?;
    let service = api.get(WEB).await?.ok()?;
    assert_eq!(
        (
            &service["scaling"]["minInstanceCount"],
            &service["reconciling"]
        ),
        (&json!(2), &Value::Null)
    );
    assert_eq!(service["terminalCondition"]["state"], "CONDITION_SUCCEEDED");
    web["scaling"] = json!({"minInstanceCount": 3});
    let nameless = json!({"run": {"services": [web, {"name": "web"}]}});
    assert!(api.gcp.seed(nameless).is_err());
    assert_eq!(api.get(WEB).await?.ok()?, service);
    Ok(())
}
