//! Cloud Run in the Knative form.

use super::{REGION, secrets::policy};
use crate::{
    run_services::{done, image},
    support::{Api, Result, eventually},
};
use serde_json::{Value, json};

const NAMESPACE: &str = "/apis/serving.knative.dev/v1/namespaces/demo";

/// What is Cloud Run's own has a group of its own.
const RUN: &str = "/apis/run.googleapis.com/v1/namespaces/demo";

pub(super) async fn tour(api: &Api) -> Result<()> {
    services(api, &format!("{NAMESPACE}/services"), "tour-a").await?;
    let located = format!("/v1/{REGION}/services");
    services(api, &located, "tour-b").await?;
    worker_pools(api).await?;
    jobs(api).await
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

async fn worker_pools(api: &Api) -> Result<()> {
    let create = format!("/v2/{REGION}/workerPools?workerPoolId=tour-v1");
    done(api, api.post(&create, image("img")).await?.ok()?).await?;
    api.get(&format!("{RUN}/workerpools")).await?.ok()?;
    let one = format!("{RUN}/workerpools/tour-v1");
    api.get(&one).await?.ok()?;
    api.delete(&one).await?.ok()?;
    eventually("the end of the worker pool", async || {
        Ok((api.get(&one).await?.status == 404).then_some(()))
    })
    .await
}

async fn jobs(api: &Api) -> Result<()> {
    let task = json!({"containers": [{"image": "img", "env": [{"name": "A", "value": "1"}]}], "timeout": "60s"});
    let job = json!({"template": {"taskCount": 2, "template": task}});
    let create = format!("/v2/{REGION}/jobs?jobId=tour-v1");
    done(api, api.post(&create, job).await?.ok()?).await?;
    let (all, one) = (format!("{RUN}/jobs"), format!("{RUN}/jobs/tour-v1"));
    api.get(&all).await?.ok()?;
    api.get(&one).await?.ok()?;
    let run = format!("{one}:run");
    let first = execution(&api.post(&run, json!({})).await?.ok()?);
    eventually("the end of the execution", async || {
        let execution = api.get(&first).await?.ok()?;
        Ok((execution["status"]["succeededCount"] == 2).then_some(()))
    })
    .await?;
    tasks(api).await?;
    let overrides = json!({"overrides": {"taskCount": 1, "timeoutSeconds": 30, "containerOverrides": [{"args": ["b"]}]}});
    let second = execution(&api.post(&run, overrides).await?.ok()?);
    api.post(&format!("{second}:cancel"), json!({}))
        .await?
        .ok()?;
    api.get(&format!(
        "{RUN}/executions?labelSelector=run.googleapis.com%2Fjob%3Dtour-v1"
    ))
    .await?
    .ok()?;
    api.delete(&first).await?.ok()?;
    api.delete(&one).await?.ok()?;
    eventually("the end of the job", async || {
        Ok((api.get(&one).await?.status == 404).then_some(()))
    })
    .await
}

fn execution(begun: &Value) -> String {
    let name = begun["metadata"]["name"].as_str().unwrap_or_default();
    format!("{RUN}/executions/{name}")
}

async fn tasks(api: &Api) -> Result<()> {
    let listed = api.get(&format!("{RUN}/tasks")).await?.ok()?;
    let name = listed["items"][0]["metadata"]["name"]
        .as_str()
        .unwrap_or_default();
    api.get(&format!("{RUN}/tasks/{name}")).await?.ok()?;
    Ok(())
}
