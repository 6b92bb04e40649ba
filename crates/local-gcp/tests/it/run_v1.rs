//! The v1 (Knative) form of Cloud Run services over REST, as gcloud speaks it, over the same services as v2.

use crate::{
    run_services::{PARENT, WEB, create, image},
    support::{Answered, Api, Result, ensure, eventually, send, start},
};
use reqwest::Method;
use serde_json::{Value, json};

const ALL: &str = "/apis/serving.knative.dev/v1/namespaces/demo/services";
const ONE: &str = "/apis/serving.knative.dev/v1/namespaces/demo/services/web";

/// Replaces a service, as gcloud does after it has read and changed it.
async fn replace(api: &Api, service: &Value) -> Result<Value> {
    let answered = api.put(ONE, service.clone()).await?.ok()?;
    ready(api).await?;
    Ok(answered)
}

/// Waits as gcloud does.
async fn ready(api: &Api) -> Result<Value> {
    eventually("readiness", async || {
        let service = api.get(ONE).await?.ok()?;
        let ready = service["status"]["observedGeneration"] == service["metadata"]["generation"]
            && service["status"]["conditions"][0]["status"] == "True";
        Ok(Some(service).filter(|_| ready))
    })
    .await
}

async fn revisions(api: &Api) -> Result<usize> {
    let listed = api.get(&format!("{WEB}/revisions")).await?.ok()?;
    Ok(listed["revisions"].as_array().map_or(0, Vec::len))
}

#[tokio::test]
async fn a_service_reads_in_v1_as_gcloud_expects_it() -> Result<()> {
    let api = start().await?;
    let mut body = image("img");
    body["scaling"] = json!({"minInstanceCount": 1});
    body["labels"] = json!({"team": "a"});
    let v2 = create(&api, "web", body).await?;
    let v1 = api.get(ONE).await?.ok()?;
    assert_eq!(
        (&v1["kind"], &v1["metadata"]["name"]),
        (&json!("Service"), &json!("web"))
    );
    let metadata = &v1["metadata"];
    assert_eq!(
        metadata["labels"],
        json!({"team": "a", "cloud.googleapis.com/location": "europe-west1"})
    );
    assert_eq!(metadata["annotations"]["run.googleapis.com/minScale"], "1");
    assert_eq!(metadata["annotations"]["run.googleapis.com/ingress"], "all");
    let spec = &v1["spec"]["template"]["spec"];
    assert_eq!(
        (
            &spec["timeoutSeconds"],
            &spec["containerConcurrency"],
            &spec["containers"][0]["image"]
        ),
        (&json!(300), &json!(80), &json!("img"))
    );
    let annotations = &v1["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["autoscaling.knative.dev/maxScale"], "100");
    assert_eq!(
        v1["spec"]["traffic"],
        json!([{"latestRevision": true, "percent": 100}])
    );
    let status = &v1["status"];
    let types: Vec<_> = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| &c["type"])
        .collect();
    assert_eq!(types, ["Ready", "RoutesReady", "ConfigurationsReady"]);
    assert_eq!(
        (&status["url"], &status["observedGeneration"]),
        (&v2["uri"], &json!(1))
    );
    let revision = &status["latestReadyRevisionName"];
    assert_eq!(&status["traffic"][0]["revisionName"], revision);
    Ok(())
}

#[tokio::test]
async fn revisions_read_in_v1_by_name_and_by_service() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    create(&api, "other", image("img")).await?;
    let service = api.get(ONE).await?.ok()?;
    let id = service["status"]["latestReadyRevisionName"].as_str();
    let all = "/apis/serving.knative.dev/v1/namespaces/demo/revisions";
    let path = format!("{all}/{}", id.unwrap_or_default());
    let revision = api.get(&path).await?.ok()?;
    assert_eq!(
        (
            &revision["metadata"]["labels"]["serving.knative.dev/service"],
            &revision["status"]["conditions"][0]["status"]
        ),
        (&json!("web"), &json!("True"))
    );
    // gcloud has spaces there.
    for equals in ["%3D", "%20%3D%20"] {
        let path = format!("{all}?labelSelector=serving.knative.dev%2Fservice{equals}web");
        let listed = api.get(&path).await?.ok()?;
        assert_eq!(listed["items"], json!([revision]));
    }
    Ok(())
}

#[tokio::test]
async fn the_service_level_minimum_set_in_v1_makes_no_revision_and_shows_in_v2() -> Result<()> {
    let api = start().await?;
    let before = create(&api, "web", image("img")).await?;
    let mut service = api.get(ONE).await?.ok()?;
    let annotations = &mut service["metadata"]["annotations"];
    annotations["run.googleapis.com/minScale"] = "2".into();
    annotations["run.googleapis.com/client-name"] = "gcloud".into();
    replace(&api, &service).await?;
    let after = api.get(WEB).await?.ok()?;
    assert_eq!(after["scaling"], json!({"minInstanceCount": 2}));
    assert_eq!(
        (&after["client"], &after["generation"]),
        (&json!("gcloud"), &json!("2"))
    );
    assert_eq!(after["template"], before["template"]);
    assert_eq!(revisions(&api).await?, 1);
    let mut service = api.get(ONE).await?.ok()?;
    if let Some(annotations) = service["metadata"]["annotations"].as_object_mut() {
        annotations.remove("run.googleapis.com/minScale");
    }
    replace(&api, &service).await?;
    assert_eq!(api.get(WEB).await?.ok()?["scaling"], json!({}));
    Ok(())
}

#[tokio::test]
async fn a_template_changed_in_v1_makes_a_revision() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    let mut service = api.get(ONE).await?.ok()?;
    let template = &mut service["spec"]["template"];
    template["metadata"]["annotations"]["autoscaling.knative.dev/minScale"] = "1".into();
    template["metadata"]["labels"]["client.knative.dev/nonce"] = "abc".into();
    template["spec"]["containers"][0]["env"] =
        json!([{"name": "DB", "valueFrom": {"secretKeyRef": {"name": "db", "key": "latest"}}}]);
    replace(&api, &service).await?;
    let after = api.get(WEB).await?.ok()?;
    assert_eq!(
        after["template"]["scaling"],
        json!({"minInstanceCount": 1, "maxInstanceCount": 100})
    );
    let reference = json!({"secret": "db", "version": "latest"});
    assert_eq!(
        after["template"]["containers"][0]["env"][0]["valueSource"]["secretKeyRef"],
        reference
    );
    assert_eq!(revisions(&api).await?, 2);
    assert_eq!(
        api.get(ONE).await?.ok()?["spec"]["template"],
        service["spec"]["template"]
    );
    Ok(())
}

#[tokio::test]
async fn what_only_one_form_can_say_survives_a_change_in_the_other() -> Result<()> {
    let api = start().await?;
    let body = json!({"defaultUriDisabled": true, "template": {"containers": [
        {"name": "app", "image": "a", "ports": [{"containerPort": 8080}], "dependsOn": ["db"],
            "resources": {"cpuIdle": true}},
        {"name": "db", "image": "b", "resources": {"cpuIdle": false}},
    ]}});
    create(&api, "web", body).await?;
    let mut service = api.get(ONE).await?.ok()?;
    service["metadata"]["annotations"]["run.googleapis.com/minScale"] = "1".into();
    service["metadata"]["annotations"]["run.googleapis.com/only-in-v1"] = "kept".into();
    service["spec"]["template"]["spec"]["containers"][1]["image"] = "c".into();
    replace(&api, &service).await?;
    let after = api.get(WEB).await?.ok()?;
    let containers = &after["template"]["containers"];
    assert_eq!(containers[0]["dependsOn"], json!(["db"]));
    assert_eq!(
        (
            &containers[0]["resources"]["cpuIdle"],
            &containers[1]["resources"]["cpuIdle"]
        ),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        (&containers[1]["image"], &after["defaultUriDisabled"]),
        (&json!("c"), &json!(true))
    );
    assert!(after["annotations"].is_null(), "{after}");
    let path = format!("{WEB}?updateMask=scaling.minInstanceCount");
    api.patch(&path, json!({})).await?.ok()?;
    let service = ready(&api).await?;
    let annotations = &service["metadata"]["annotations"];
    assert_eq!(annotations["run.googleapis.com/only-in-v1"], "kept");
    assert!(annotations["run.googleapis.com/minScale"].is_null());
    Ok(())
}

#[tokio::test]
async fn manual_scaling_goes_by_annotations() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    let mut service = api.get(ONE).await?.ok()?;
    let annotations = &mut service["metadata"]["annotations"];
    annotations["run.googleapis.com/scalingMode"] = "manual".into();
    annotations["run.googleapis.com/manualInstanceCount"] = "3".into();
    replace(&api, &service).await?;
    assert_eq!(
        api.get(WEB).await?.ok()?["scaling"],
        json!({"scalingMode": "MANUAL", "manualInstanceCount": 3})
    );
    let mut service = api.get(ONE).await?.ok()?;
    let annotations = &mut service["metadata"]["annotations"];
    assert_eq!(annotations["run.googleapis.com/manualInstanceCount"], "3");
    annotations["run.googleapis.com/minScale"] = "1".into();
    let refused = api.put(ONE, service).await?;
    assert_eq!(refused.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    Ok(())
}

#[tokio::test]
async fn an_old_version_and_a_bad_annotation_are_refused() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    let old = api.get(ONE).await?.ok()?;
    let mut changed = old.clone();
    changed["metadata"]["annotations"]["run.googleapis.com/minScale"] = "1".into();
    replace(&api, &changed).await?;
    let refused = api.put(ONE, changed.clone()).await?;
    assert_eq!(refused.refused()?, (409, "ABORTED".to_owned()));
    assert!(
        refused.text.contains("Conflict for resource 'web'"),
        "{}",
        refused.text
    );
    changed["metadata"]["resourceVersion"] = "".into();
    changed["metadata"]["annotations"]["run.googleapis.com/ingress"] = "everybody".into();
    let refused = api.put(ONE, changed).await?;
    assert_eq!(refused.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    assert!(
        refused.text.contains("run.googleapis.com/ingress"),
        "{}",
        refused.text
    );
    Ok(())
}

/// With the host that gcloud makes of an overridden endpoint.
async fn at_host(api: &Api, host: &str, path: &str) -> Result<Answered> {
    let port = api.gcp.address().port();
    let host = format!("{host}:{port}");
    send(api.request(Method::GET, path).header("host", host)).await
}

#[tokio::test]
async fn the_region_comes_from_the_host_or_from_the_path() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    let elsewhere = PARENT.replace("europe-west1", "us-central1");
    api.post(&format!("{elsewhere}/services?serviceId=far"), image("img"))
        .await?
        .ok()?;
    let names = |listed: Value| -> Vec<String> {
        let items = listed["items"].as_array().cloned().unwrap_or_default();
        items
            .iter()
            .filter_map(|i| i["metadata"]["name"].as_str().map(str::to_owned))
            .collect()
    };
    for (host, wanted) in [
        ("us-central1-127.0.0.1", &["far"][..]),
        ("us-central1-run.googleapis.com", &["far"]),
        ("europe-west1-127.0.0.1", &["web"]),
        ("127.0.0.1", &["web", "far"]),
    ] {
        let listed = at_host(&api, host, ALL).await?.ok()?;
        assert_eq!(names(listed), wanted, "{host}");
    }
    let missing = at_host(&api, "us-central1-127.0.0.1", ONE).await?;
    assert_eq!(missing.refused()?, (404, "NOT_FOUND".to_owned()));
    assert!(
        missing.text.contains("in region 'us-central1'"),
        "{}",
        missing.text
    );
    let everywhere = api
        .get("/v1/projects/demo/locations/-/services")
        .await?
        .ok()?;
    assert_eq!(names(everywhere), ["web", "far"]);
    let first = api
        .get("/v1/projects/demo/locations/-/services?limit=1")
        .await?
        .ok()?;
    let token = first["metadata"]["continue"].as_str().unwrap_or_default();
    let path = format!("/v1/projects/demo/locations/-/services?limit=1&continue={token}");
    assert_eq!(names(api.get(&path).await?.ok()?), ["far"]);
    Ok(())
}

#[tokio::test]
async fn a_service_is_made_and_deleted_in_v1() -> Result<()> {
    let api = start().await?;
    let service = json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "demo"},
        "spec": {"template": {"spec": {"containers": [{"image": "img"}]}}}});
    let dry = format!("{ALL}?dryRun=all");
    api.post(&dry, service.clone()).await?.ok()?;
    assert_eq!(api.get(ONE).await?.status, 404);
    api.post(ALL, service.clone()).await?.ok()?;
    ready(&api).await?;
    assert_eq!(
        api.get(WEB).await?.ok()?["template"]["containers"][0]["resources"]["cpuIdle"],
        true
    );
    let again = api.post(ALL, service).await?;
    assert_eq!(again.refused()?, (409, "ALREADY_EXISTS".to_owned()));
    let deleted = api.delete(ONE).await?.ok()?;
    ensure!(
        deleted["status"] == "Success" && deleted["kind"].is_null(),
        "{deleted}"
    );
    assert_eq!(api.get(ONE).await?.status, 404);
    Ok(())
}
