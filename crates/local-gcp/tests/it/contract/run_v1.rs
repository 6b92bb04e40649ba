//! Cloud Run in the Knative form.

use super::{REGION, secrets::policy};
use crate::support::{Api, Result, eventually};
use serde_json::{Value, json};

const NAMESPACE: &str = "/apis/serving.knative.dev/v1/namespaces/demo";

pub(super) async fn tour(api: &Api) -> Result<()> {
    services(api, &format!("{NAMESPACE}/services"), "tour-a").await?;
    let located = format!("/v1/{REGION}/services");
    services(api, &located, "tour-b").await
}

fn service(id: &str) -> Value {
    json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {
            "name": id, "namespace": "demo", "labels": {"cloud.googleapis.com/location": "europe-west1"},
            "annotations": {"run.googleapis.com/minScale": "1"},
        },
        "spec": {
            "template": {
                "metadata": {"annotations": {"autoscaling.knative.dev/maxScale": "3"}},
                "spec": {
                    "containerConcurrency": 10, "timeoutSeconds": 60,
                    "containers": [{
                        "image": "img", "ports": [{"name": "http1", "containerPort": 8080}],
                        "env": [{"name": "A", "value": "1"}], "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
                        "startupProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 5},
                    }],
                },
            },
            "traffic": [{"latestRevision": true, "percent": 100}],
        },
    })
}

async fn services(api: &Api, all: &str, id: &str) -> Result<()> {
    let one = format!("{all}/{id}");
    api.post(all, service(id)).await?.ok()?;
    api.post(all, service(id)).await?.refused()?;
    ready(api, &one).await?;
    api.get(all).await?.ok()?;
    let mut changed = service(id);
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "img:2".into();
    api.put(&one, changed).await?.ok()?;
    ready(api, &one).await?;
    let selector = format!("labelSelector=serving.knative.dev%2Fservice%3D{id}");
    let revisions = format!("{NAMESPACE}/revisions");
    let listed = api.get(&format!("{revisions}?{selector}")).await?.ok()?;
    let name = listed["items"][0]["metadata"]["name"]
        .as_str()
        .unwrap_or_default();
    api.get(&format!("{revisions}/{name}")).await?.ok()?;
    if all.starts_with("/v1/") {
        policy(api, &one).await?;
    }
    api.delete(&one).await?.ok()?;
    eventually("the end of the service", async || {
        Ok((api.get(&one).await?.status == 404).then_some(()))
    })
    .await
}

async fn ready(api: &Api, one: &str) -> Result<Value> {
    eventually("readiness", async || {
        let service = api.get(one).await?.ok()?;
        let ready = service["status"]["observedGeneration"] == service["metadata"]["generation"]
            && service["status"]["conditions"][0]["status"] == "True";
        Ok(Some(service).filter(|_| ready))
    })
    .await
}
