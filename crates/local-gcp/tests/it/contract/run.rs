//! Cloud Run v2.

use super::{REGION, secrets::policy};
use crate::{
    run_services::{done, image},
    support::{Api, Result, ensure},
};
use serde_json::{Value, json};

pub(super) async fn tour(api: &Api) -> Result<()> {
    services(api).await?;
    worker_pools(api).await?;
    jobs(api).await?;
    operations(api).await
}

/// A container that says all it can.
fn container() -> Value {
    json!({
        "name": "web", "image": "img", "command": ["/web"], "args": ["--port"],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "valueSource": {"secretKeyRef": {"secret": "db", "version": "latest"}}}],
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    })
}

/// A service that says much of what it can.
fn service() -> Value {
    let mut container = container();
    container["ports"] = json!([{"name": "http1", "containerPort": 8080}]);
    container["resources"]["cpuIdle"] = true.into();
    container["startupProbe"] = json!({"tcpSocket": {"port": 8080}, "periodSeconds": 5});
    container["livenessProbe"] =
        json!({"httpGet": {"path": "/", "httpHeaders": [{"name": "a", "value": "b"}]}});
    json!({
        "labels": {"team": "x"}, "annotations": {"note": "y"}, "description": "of the tour",
        "ingress": "INGRESS_TRAFFIC_ALL", "scaling": {"minInstanceCount": 1, "scalingMode": "AUTOMATIC"},
        "template": {
            "containers": [container], "timeout": "60s", "maxInstanceRequestConcurrency": 10,
            "serviceAccount": "web@demo.iam.gserviceaccount.com", "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
            "scaling": {"minInstanceCount": 0, "maxInstanceCount": 3}, "sessionAffinity": true,
            "vpcAccess": {"egress": "PRIVATE_RANGES_ONLY", "networkInterfaces": [{"network": "default", "subnetwork": "default"}]},
            "volumes": [{"name": "scratch", "emptyDir": {"medium": "MEMORY", "sizeLimit": "10Mi"}}],
        },
        "traffic": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100, "tag": "now"}],
    })
}

async fn services(api: &Api) -> Result<()> {
    let all = format!("/v2/{REGION}/services");
    let web = format!("{all}/tour");
    let body = service();
    let create = format!("{all}?serviceId=tour");
    api.post(&format!("{create}&validateOnly=true"), body.clone())
        .await?
        .ok()?;
    let begun = api.post(&create, body.clone()).await?.ok()?;
    api.get(&web).await?.ok()?;
    done(api, begun).await?;
    let again = api.post(&create, body).await?;
    ensure!(again.status == 409, "{again:?}");
    api.get(&format!("{all}?pageSize=10&showDeleted=false"))
        .await?
        .ok()?;
    api.get(&web).await?.ok()?;
    api.get(&format!("{web}?$alt=json;enum-encoding=int"))
        .await?
        .ok()?;
    api.get(&format!("{web}?fields=name,scaling")).await?.ok()?;
    let manual = json!({"scaling": {"scalingMode": "MANUAL", "manualInstanceCount": 2}});
    let mask = "updateMask=scaling.scalingMode,scaling.manualInstanceCount";
    let manual = api.patch(&format!("{web}?{mask}"), manual).await?.ok()?;
    done(api, manual).await?;
    let revised = api
        .patch(&format!("{web}?updateMask=template"), image("img:2"))
        .await?
        .ok()?;
    done(api, revised).await?;
    policy(api, &web).await?;
    revisions(api, &web).await?;
    let stale = api.delete(&format!("{web}?etag=%22no%22")).await?;
    ensure!(stale.status == 409, "{stale:?}");
    done(api, api.delete(&web).await?.ok()?).await?;
    api.get(&web).await?.refused()?;
    Ok(())
}

/// The revisions of a service or worker pool that has had two; the first is deleted.
async fn revisions(api: &Api, of: &str) -> Result<()> {
    let listed = api.get(&format!("{of}/revisions?pageSize=5")).await?.ok()?;
    let revisions = listed["revisions"].as_array().cloned().unwrap_or_default();
    ensure!(revisions.len() == 2, "{listed}");
    let path = |n: usize| format!("/v2/{}", revisions[n]["name"].as_str().unwrap_or_default());
    api.get(&path(0)).await?.ok()?;
    let serving = api.delete(&path(0)).await?;
    ensure!(serving.status == 400, "{serving:?}");
    done(api, api.delete(&path(1)).await?.ok()?).await?;
    Ok(())
}

async fn worker_pools(api: &Api) -> Result<()> {
    let all = format!("/v2/{REGION}/workerPools");
    let pool = format!("{all}/tour");
    let mut body = image("img");
    body["scaling"] = json!({"manualInstanceCount": 1});
    let begun = api.post(&format!("{all}?workerPoolId=tour"), body).await?;
    done(api, begun.ok()?).await?;
    api.get(&all).await?.ok()?;
    api.get(&pool).await?.ok()?;
    let mut body = image("img:2");
    body["scaling"] = json!({"manualInstanceCount": 2});
    done(api, api.patch(&pool, body).await?.ok()?).await?;
    policy(api, &pool).await?;
    revisions(api, &pool).await?;
    done(api, api.delete(&pool).await?.ok()?).await?;
    api.get(&pool).await?.refused()?;
    Ok(())
}

async fn jobs(api: &Api) -> Result<()> {
    let all = format!("/v2/{REGION}/jobs");
    let job = format!("{all}/tour");
    let task = json!({
        "containers": [container()], "maxRetries": 1, "timeout": "60s",
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    });
    let body = json!({
        "labels": {"team": "x"},
        "template": {"taskCount": 2, "parallelism": 1, "template": task},
    });
    let begun = api.post(&format!("{all}?jobId=tour"), body.clone()).await?;
    done(api, begun.ok()?).await?;
    api.get(&all).await?.ok()?;
    let run = api.post(&format!("{job}:run"), json!({})).await?.ok()?;
    let first = format!(
        "/v2/{}",
        run["metadata"]["name"].as_str().unwrap_or_default()
    );
    api.get(&first).await?.ok()?;
    done(api, run).await?;
    api.get(&first).await?.ok()?;
    let tasks = api.get(&format!("{first}/tasks")).await?.ok()?;
    let task = tasks["tasks"][0]["name"].as_str().unwrap_or_default();
    api.get(&format!("/v2/{task}")).await?.ok()?;
    let overrides = json!({"overrides": {
        "taskCount": 1, "timeout": "30s",
        "containerOverrides": [{"name": "web", "args": ["b"], "env": [{"name": "A", "value": "2"}]}],
    }});
    let run = api.post(&format!("{job}:run"), overrides).await?.ok()?;
    let second = format!(
        "/v2/{}",
        run["metadata"]["name"].as_str().unwrap_or_default()
    );
    let cancelled = api.post(&format!("{second}:cancel"), json!({})).await?;
    done(api, cancelled.ok()?).await?;
    api.get(&format!("{job}/executions")).await?.ok()?;
    api.get(&job).await?.ok()?;
    done(api, api.patch(&job, body).await?.ok()?).await?;
    policy(api, &job).await?;
    done(api, api.delete(&first).await?.ok()?).await?;
    done(api, api.delete(&job).await?.ok()?).await?;
    api.get(&job).await?.refused()?;
    Ok(())
}

async fn operations(api: &Api) -> Result<()> {
    let listed = api
        .get(&format!("/v2/{REGION}/operations?pageSize=100"))
        .await?
        .ok()?;
    let name = listed["operations"][0]["name"].as_str().unwrap_or_default();
    let one = format!("/v2/{name}");
    let wait = json!({"timeout": "1s"});
    api.post(&format!("{one}:wait"), wait).await?.ok()?;
    api.get(&one).await?.ok()?;
    api.delete(&one).await?.ok()?;
    api.get(&one).await?.refused()?;
    Ok(())
}
