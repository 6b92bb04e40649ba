//! Cloud SQL Admin over REST, in both of its versions.

use crate::support::{Answered, Api, Result, eventually, start, start_stopped};
use local_gcp::{Fault, Options};
use serde_json::{Value, json};
use std::time::Duration;

const V1: &str = "/v1/projects/demo";
const BETA: &str = "/sql/v1beta4/projects/demo";

/// A server with the instance `pg` and its user `app`.
fn seeded(api: Api) -> Result<Api> {
    api.gcp.seed(json!({"sql": {"instances": [{
        "name": "pg",
        "settings": {"userLabels": {"env": "prod"}, "databaseFlags": [{"name": "a", "value": "1"}]},
        "users": [{"name": "app"}],
    }]}}))?;
    Ok(api)
}

/// Waits until an operation is done, and returns it.
pub(crate) async fn done(api: &Api, operation: Value) -> Result<Value> {
    let path = format!(
        "{BETA}/operations/{}",
        operation["name"].as_str().unwrap_or_default()
    );
    eventually("the operation", async || {
        let operation = api.get(&path).await?.ok()?;
        Ok((operation["status"] == "DONE").then_some(operation))
    })
    .await
}

fn reason(answer: &Answered) -> Result<(u16, String)> {
    let body: Value = serde_json::from_str(&answer.text)?;
    let reason = body["error"]["errors"][0]["reason"].as_str();
    Ok((
        answer.status.as_u16(),
        reason.unwrap_or_default().to_owned(),
    ))
}

fn refused(status: u16, reason: &str) -> (u16, String) {
    (status, reason.to_owned())
}

async fn patch(api: &Api, settings: Value) -> Result<Answered> {
    api.patch(&format!("{V1}/instances/pg"), json!({"settings": settings}))
        .await
}

#[tokio::test]
async fn an_instance_is_stopped_by_its_activation_policy_and_says_runnable_all_the_same()
-> Result<()> {
    let api = seeded(start_stopped().await?)?;
    let body = json!({
        "kind": "sql#instance", "name": "pg", "project": "demo",
        "settings": {"activationPolicy": "NEVER", "kind": "sql#settings"},
    });
    let operation = api
        .patch(&format!("{BETA}/instances/pg"), body)
        .await?
        .ok()?;
    assert_eq!(
        (
            &operation["status"],
            &operation["operationType"],
            &operation["targetId"],
            &operation["insertTime"]
        ),
        (
            &json!("PENDING"),
            &json!("UPDATE"),
            &json!("pg"),
            &json!("2026-11-01T12:00:00Z")
        )
    );
    let before = api.get(&format!("{V1}/instances/pg")).await?.ok()?;
    let done = done(&api, operation).await?;
    assert!(
        done["startTime"].is_string() && done["endTime"].is_string() && done.get("error").is_none(),
        "{done}"
    );
    let after = api.get(&format!("{V1}/instances/pg")).await?.ok()?;
    let mut wanted = before;
    wanted["settings"]["activationPolicy"] = "NEVER".into();
    wanted["settings"]["settingsVersion"] = "2".into();
    assert_eq!(after, wanted);
    assert_eq!(after["state"], "RUNNABLE");
    let users = api.get(&format!("{V1}/instances/pg/users")).await?;
    assert_eq!(reason(&users)?, refused(400, "invalid"));
    Ok(())
}

#[tokio::test]
async fn an_operation_is_pending_then_running_then_done() -> Result<()> {
    let slow = Options {
        operation_time: Duration::from_millis(400),
        ..Options::default()
    };
    let api = seeded(Api::start(slow).await?)?;
    let operation = patch(&api, json!({"tier": "db-custom-2-7680"}))
        .await?
        .ok()?;
    let path = format!(
        "{V1}/operations/{}",
        operation["name"].as_str().unwrap_or_default()
    );
    let mut seen = vec!["PENDING".to_owned()];
    eventually("the end", async || {
        let status = api.get(&path).await?.ok()?["status"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        Ok(seen.last().is_some_and(|last| last == "DONE").then_some(()))
    })
    .await?;
    assert_eq!(seen, ["PENDING", "RUNNING", "DONE"]);
    Ok(())
}

#[tokio::test]
async fn a_patch_merges_and_clears_and_takes_enums_by_number() -> Result<()> {
    let api = seeded(start().await?)?;
    let change = json!({"activationPolicy": 2, "userLabels": {"team": "x", "env": null}, "databaseFlags": []});
    done(&api, patch(&api, change).await?.ok()?).await?;
    let settings = api.get(&format!("{V1}/instances/pg")).await?.ok()?["settings"].clone();
    assert_eq!(settings["activationPolicy"], "NEVER");
    assert_eq!(settings["userLabels"], json!({"team": "x"}));
    assert_eq!(settings["databaseFlags"], json!([]));
    assert_eq!(settings["tier"], "db-custom-1-3840");
    Ok(())
}

#[tokio::test]
async fn a_second_change_is_refused_while_one_is_in_progress() -> Result<()> {
    let api = seeded(start().await?)?;
    let first = patch(&api, json!({"activationPolicy": "NEVER"}))
        .await?
        .ok()?;
    let second = patch(&api, json!({"activationPolicy": "ALWAYS"})).await?;
    assert_eq!(reason(&second)?, refused(409, "operationInProgress"));
    let user = api
        .put(
            &format!("{V1}/instances/pg/users?name=app"),
            json!({"password": "x"}),
        )
        .await?;
    assert_eq!(reason(&user)?, refused(409, "operationInProgress"));
    done(&api, first).await?;
    patch(&api, json!({"activationPolicy": "ALWAYS"}))
        .await?
        .ok()?;
    Ok(())
}

#[tokio::test]
async fn settings_of_an_old_version_are_refused() -> Result<()> {
    let api = seeded(start().await?)?;
    let old = patch(
        &api,
        json!({"settingsVersion": "7", "activationPolicy": "NEVER"}),
    )
    .await?;
    assert_eq!(reason(&old)?, refused(412, "staleData"));
    let path = format!("{V1}/instances/pg");
    let whole = json!({"settings": {"settingsVersion": "1", "tier": "db-f1-micro", "activationPolicy": "ALWAYS"}});
    done(&api, api.put(&path, whole.clone()).await?.ok()?).await?;
    let settings = api.get(&path).await?.ok()?["settings"].clone();
    assert_eq!(
        (&settings["tier"], settings.get("userLabels")),
        (&json!("db-f1-micro"), None)
    );
    assert_eq!(
        reason(&api.put(&path, whole).await?)?,
        refused(412, "staleData")
    );
    let part = json!({"settings": {"activationPolicy": "ALWAYS"}});
    assert_eq!(
        reason(&api.put(&path, part).await?)?,
        refused(400, "invalid")
    );
    Ok(())
}

#[tokio::test]
async fn changes_that_no_instance_can_have_are_refused() -> Result<()> {
    let api = seeded(start().await?)?;
    api.gcp.seed(json!({"sql": {"instances": [{"name": "replica", "instanceType": "READ_REPLICA_INSTANCE"}]}}))?;
    for settings in [
        json!({"activationPolicy": "SOMETIMES"}),
        json!({"activationPolicy": 9}),
        json!({"activationPolicy": "ON_DEMAND"}),
        json!({"activationpolicy": "NEVER"}),
    ] {
        assert_eq!(
            patch(&api, settings.clone()).await?.status,
            400,
            "{settings}"
        );
    }
    let replica = json!({"settings": {"activationPolicy": "NEVER"}});
    let replica = api
        .patch(&format!("{V1}/instances/replica"), replica)
        .await?;
    assert_eq!(reason(&replica)?, refused(400, "invalid"));
    let missing = api.get(&format!("{V1}/instances/other")).await?;
    assert_eq!(reason(&missing)?, refused(404, "instanceDoesNotExist"));
    Ok(())
}

#[tokio::test]
async fn a_failed_operation_is_done_says_why_and_changed_nothing() -> Result<()> {
    let api = seeded(start().await?)?;
    api.gcp.faults().add(Fault {
        fail_operation: Some(local_gcp::Code::Internal),
        message: Some("the disk is full".to_owned()),
        ..Fault::on("sql.instances.patch")
    });
    let operation = patch(&api, json!({"activationPolicy": "NEVER"}))
        .await?
        .ok()?;
    let done = done(&api, operation).await?;
    let error =
        json!({"kind": "sql#operationError", "code": "INTERNAL", "message": "the disk is full"});
    assert_eq!(
        done["error"],
        json!({"kind": "sql#operationErrors", "errors": [error]})
    );
    let instance = api.get(&format!("{V1}/instances/pg")).await?.ok()?;
    assert_eq!(instance["settings"]["activationPolicy"], "ALWAYS");
    Ok(())
}

#[tokio::test]
async fn users_come_change_and_go() -> Result<()> {
    let api = seeded(start().await?)?;
    let path = format!("{BETA}/instances/pg/users");
    let other = json!({"name": "other", "password": "s3cret-word", "type": "BUILT_IN"});
    done(&api, api.post(&path, other.clone()).await?.ok()?).await?;
    assert_eq!(
        reason(&api.post(&path, other).await?)?,
        refused(409, "alreadyExists")
    );
    let user = |name: &str| json!({"kind": "sql#user", "name": name, "host": "", "project": "demo", "instance": "pg"});
    let mut with_type = user("other");
    with_type["type"] = "BUILT_IN".into();
    let list = json!({"kind": "sql#usersList", "items": [user("app"), with_type]});
    assert_eq!(api.get(&path).await?.ok()?, list);
    assert_eq!(api.get(&format!("{path}/app")).await?.ok()?, user("app"));
    done(
        &api,
        api.put(
            &format!("{path}?name=app&host="),
            json!({"password": "s3cret-word"}),
        )
        .await?
        .ok()?,
    )
    .await?;
    done(&api, api.delete(&format!("{path}?name=other")).await?.ok()?).await?;
    assert_eq!(
        reason(&api.delete(&format!("{path}?name=other")).await?)?,
        refused(404, "notFound")
    );
    let nobody = api
        .put(&format!("{path}?name=nobody"), json!({"password": "x"}))
        .await?;
    assert_eq!(reason(&nobody)?, refused(404, "notFound"));
    let operations = api
        .get(&format!("{BETA}/operations?instance=pg"))
        .await?
        .ok()?;
    assert_eq!(operations["items"].as_array().map(Vec::len), Some(3));
    let journal = api.get("/_local/journal").await?.text;
    assert!(journal.contains("sql.users.update") && !journal.contains("s3cret-word"));
    Ok(())
}

#[tokio::test]
async fn instances_are_listed_and_filtered() -> Result<()> {
    let api = seeded(start().await?)?;
    api.gcp.seed(
        json!({"sql": {"instances": [{"name": "other"}, {"name": "far", "project": "elsewhere"}]}}),
    )?;
    let names = async |query: &str| {
        let list = api.get(&format!("{BETA}/instances{query}")).await?.ok()?;
        let names = list["items"].as_array().into_iter().flatten();
        anyhow::Ok(
            names
                .filter_map(|i| i["name"].as_str().map(str::to_owned))
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(names("?maxResults=1000").await?, ["other", "pg"]);
    assert_eq!(names("?filter=settings.userLabels.env:prod").await?, ["pg"]);
    Ok(())
}
