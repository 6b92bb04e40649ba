//! Resource Manager over REST: labels of projects, and which permissions one has.

use crate::support::{Result, start};
use serde_json::json;

const PROJECT: &str = "/v3/projects/sandbox-7";

#[tokio::test]
async fn any_project_exists_and_keeps_the_labels_it_is_given() -> Result<()> {
    let api = start().await?;
    let found = api.get(PROJECT).await?.ok()?;
    assert_eq!(
        (&found["projectId"], &found["state"], found.get("labels")),
        (&json!("sandbox-7"), &json!("ACTIVE"), None)
    );
    let armed = json!({"labels": {"budget-guard-cap": "armed", "team": "web"}});
    let path = format!("{PROJECT}?updateMask=labels");
    let operation = api.patch(&path, armed.clone()).await?.ok()?;
    assert_eq!(operation["done"], true);
    assert_eq!(operation["response"]["labels"], armed["labels"]);
    let found = api.get(PROJECT).await?.ok()?;
    assert_eq!(found["labels"], armed["labels"]);
    // The mask names the labels as a whole: what is not sent is gone.
    api.patch(&path, json!({"labels": {"team": "web"}}))
        .await?
        .ok()?;
    let found = api.get(PROJECT).await?.ok()?;
    assert_eq!(found["labels"], json!({"team": "web"}));
    api.patch(&path, json!({"labels": {}})).await?.ok()?;
    assert_eq!(api.get(PROJECT).await?.ok()?.get("labels"), None);
    Ok(())
}

#[tokio::test]
async fn a_projects_name_has_its_number_which_is_the_same_every_time() -> Result<()> {
    let api = start().await?;
    let overview = api.get("/_local").await?.ok()?;
    let number = overview["projectNumber"].as_str().unwrap_or_default();
    let project = overview["project"].as_str().unwrap_or("demo");
    let found = api.get(&format!("/v3/projects/{project}")).await?.ok()?;
    assert_eq!(found["name"], format!("projects/{number}"));
    Ok(())
}

#[tokio::test]
async fn only_labels_can_be_changed() -> Result<()> {
    let api = start().await?;
    let path = format!("{PROJECT}?updateMask=displayName");
    let refused = api.patch(&path, json!({"displayName": "Sandbox"})).await?;
    assert_eq!(refused.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    Ok(())
}

#[tokio::test]
async fn permissions_are_granted_but_for_those_that_the_seed_denies() -> Result<()> {
    let api = start().await?;
    api.gcp
        .seed(json!({"cloudresourcemanager": {"projects": {"web": {
            "labels": {"team": "web"}, "denied": ["run.services.update"],
        }}}}))?;
    let wanted = json!({"permissions": ["run.services.get", "run.services.update"]});
    let test = async |project: &str| {
        let path = format!("/v3/projects/{project}:testIamPermissions");
        api.post(&path, wanted.clone()).await?.ok()
    };
    assert_eq!(
        test("web").await?,
        json!({"permissions": ["run.services.get"]})
    );
    assert_eq!(test("other").await?, wanted);
    // What is denied is nobody's business who reads the project, and outlives a change of its labels.
    let path = "/v3/projects/web?updateMask=labels";
    let changed = api.patch(path, json!({"labels": {"a": "b"}})).await?.ok()?;
    assert_eq!(changed["response"].get("denied"), None);
    assert_eq!(
        test("web").await?,
        json!({"permissions": ["run.services.get"]})
    );
    Ok(())
}
