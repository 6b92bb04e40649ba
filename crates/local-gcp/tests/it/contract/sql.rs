//! Cloud SQL Admin, under the paths of both of its versions.

use crate::support::{Api, Result, ensure, eventually};
use serde_json::{Value, json};

/// Everything below `base`.
pub(super) async fn tour(api: &Api, base: &str) -> Result<()> {
    api.gcp.seed(json!({"sql": {"instances": [{
        "name": "tour", "databaseVersion": "POSTGRES_17", "users": [{"name": "app"}],
        "settings": {"tier": "db-custom-2-7680", "userLabels": {"env": "test"}, "databaseFlags": [{"name": "a", "value": "1"}]},
    }]}}))?;
    let project = format!("{base}/projects/demo");
    let one = format!("{project}/instances/tour");
    api.get(&format!(
        "{project}/instances?filter=state:RUNNABLE&maxResults=5"
    ))
    .await?
    .ok()?;
    let instance = api.get(&one).await?.ok()?;
    let stop = json!({"settings": {"activationPolicy": "NEVER"}});
    let begun = api.patch(&one, stop.clone()).await?.ok()?;
    let busy = api.patch(&one, stop).await?;
    ensure!(busy.status == 409, "{busy:?}");
    done(api, &project, begun).await?;
    let update = json!({
        "databaseVersion": "POSTGRES_17",
        "settings": {
            "tier": "db-custom-4-15360", "activationPolicy": "ALWAYS",
            "settingsVersion": api.get(&one).await?.ok()?["settings"]["settingsVersion"],
        },
    });
    done(api, &project, api.put(&one, update).await?.ok()?).await?;
    ensure!(instance["kind"] == "sql#instance", "{instance}");
    users(api, &project, &one).await?;
    let listed = format!("{project}/operations?instance=tour&maxResults=3");
    api.get(&listed).await?.ok()?;
    let reason: Value =
        serde_json::from_str(&api.get(&format!("{project}/instances/none")).await?.text)?;
    ensure!(
        reason["error"]["errors"][0]["reason"] != Value::Null,
        "{reason}"
    );
    Ok(())
}

async fn users(api: &Api, project: &str, instance: &str) -> Result<()> {
    let users = format!("{instance}/users");
    api.get(&users).await?.ok()?;
    let new = json!({"name": "tourist", "password": "hunter2"});
    done(api, project, api.post(&users, new).await?.ok()?).await?;
    api.get(&format!("{users}/tourist")).await?.ok()?;
    let changed = json!({"name": "tourist", "password": "hunter3"});
    let update = format!("{users}?name=tourist");
    done(api, project, api.put(&update, changed).await?.ok()?).await?;
    done(api, project, api.delete(&update).await?.ok()?).await?;
    let gone = api.get(&format!("{users}/tourist")).await?;
    ensure!(gone.status == 404, "{gone:?}");
    Ok(())
}

async fn done(api: &Api, project: &str, operation: Value) -> Result<Value> {
    let name = operation["name"].as_str().unwrap_or_default();
    let path = format!("{project}/operations/{name}");
    eventually("the operation", async || {
        let operation = api.get(&path).await?.ok()?;
        Ok((operation["status"] == "DONE").then_some(operation))
    })
    .await
}
