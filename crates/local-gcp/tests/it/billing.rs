//! Cloud Billing over REST.

use crate::support::{Api, Result, start};
use serde_json::{Value, json};

const OPEN: &str = "billingAccounts/01D4EE-079462-DFD6EC";
const CLOSED: &str = "billingAccounts/AAAAAA-BBBBBB-CCCCCC";
const INFO: &str = "/v1/projects/demo/billingInfo";

async fn seeded() -> Result<Api> {
    let api = start().await?;
    api.gcp.seed(json!({"cloudbilling": {
        "billingAccounts": [
            {"name": OPEN, "open": true, "displayName": "Local", "currencyCode": "EUR"},
            {"name": CLOSED, "displayName": "Old"},
        ],
        "projects": [
            {"projectId": "demo", "billingAccountName": OPEN},
            {"projectId": "kept", "billingAccountName": OPEN, "locked": true},
        ],
    }}))?;
    Ok(api)
}

async fn link(api: &Api, account: &str) -> Result<Value> {
    api.put(INFO, json!({"billingAccountName": account}))
        .await?
        .ok()
}

#[tokio::test]
async fn a_project_is_unlinked_and_linked_again() -> Result<()> {
    let api = seeded().await?;
    let linked = json!({
        "name": "projects/demo/billingInfo", "projectId": "demo",
        "billingAccountName": OPEN, "billingEnabled": true,
    });
    let unlinked = json!({"name": "projects/demo/billingInfo", "projectId": "demo"});
    assert_eq!(api.get(INFO).await?.ok()?, linked);
    assert_eq!(link(&api, "").await?, unlinked);
    assert_eq!(link(&api, "").await?, unlinked);
    assert_eq!(api.get(INFO).await?.ok()?, unlinked);
    assert_eq!(link(&api, OPEN).await?, linked);
    // What Google's Rust client sends to unlink: the empty name is left out.
    assert_eq!(api.put(INFO, json!({})).await?.ok()?, unlinked);
    Ok(())
}

#[tokio::test]
async fn a_project_may_be_called_by_its_number() -> Result<()> {
    let api = seeded().await?;
    let overview = api.get("/_local").await?.ok()?;
    let number = overview["projectNumber"].as_str().unwrap_or_default();
    let info = api
        .get(&format!("/v1/projects/{number}/billingInfo"))
        .await?
        .ok()?;
    assert_eq!(
        (&info["projectId"], &info["billingEnabled"]),
        (&json!("demo"), &json!(true))
    );
    Ok(())
}

#[tokio::test]
async fn a_closed_account_pays_for_nothing() -> Result<()> {
    let api = seeded().await?;
    let info = link(&api, CLOSED).await?;
    assert_eq!(
        (&info["billingAccountName"], info.get("billingEnabled")),
        (&json!(CLOSED), None)
    );
    Ok(())
}

#[tokio::test]
async fn a_locked_project_keeps_its_account() -> Result<()> {
    let api = seeded().await?;
    let refused = api
        .put(
            "/v1/projects/kept/billingInfo",
            json!({"billingAccountName": ""}),
        )
        .await?;
    assert_eq!(refused.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    let info = api.get("/v1/projects/kept/billingInfo").await?.ok()?;
    assert_eq!(info["billingEnabled"], true);
    Ok(())
}

#[tokio::test]
async fn accounts_that_there_are_not_are_refused() -> Result<()> {
    let api = seeded().await?;
    for (account, status) in [
        ("billingAccounts/000000-000000-000000", 404),
        ("01D4EE-079462-DFD6EC", 400),
        ("billingAccounts/x", 400),
    ] {
        let refused = api
            .put(INFO, json!({"billingAccountName": account}))
            .await?;
        assert_eq!(refused.status, status, "{account}");
    }
    assert_eq!(
        api.put(INFO, json!({"billingAccount": OPEN})).await?.status,
        400
    );
    assert_eq!(api.get(INFO).await?.ok()?["billingAccountName"], OPEN);
    Ok(())
}

#[tokio::test]
async fn accounts_and_their_projects_are_listed() -> Result<()> {
    let api = seeded().await?;
    let accounts = api.get("/v1/billingAccounts?pageSize=100").await?.ok()?;
    assert_eq!(
        accounts["billingAccounts"][0],
        json!({"name": OPEN, "open": true, "displayName": "Local", "currencyCode": "EUR"})
    );
    let one = api.get(&format!("/v1/{CLOSED}")).await?.ok()?;
    assert_eq!(one, json!({"name": CLOSED, "displayName": "Old"}));
    let first = api
        .get(&format!("/v1/{OPEN}/projects?pageSize=1"))
        .await?
        .ok()?;
    assert_eq!(first["projectBillingInfo"][0]["projectId"], "demo");
    let token = first["nextPageToken"].as_str().unwrap_or_default();
    let second = api
        .get(&format!("/v1/{OPEN}/projects?pageSize=1&pageToken={token}"))
        .await?
        .ok()?;
    assert_eq!(
        (
            &second["projectBillingInfo"][0]["projectId"],
            second.get("nextPageToken")
        ),
        (&json!("kept"), None)
    );
    assert_eq!(
        api.get("/v1/billingAccounts/000000-000000-000000")
            .await?
            .refused()?
            .0,
        404
    );
    Ok(())
}

#[tokio::test]
async fn an_unlinking_whose_answer_is_lost_has_happened() -> Result<()> {
    let api = seeded().await?;
    api.gcp.faults().add(local_gcp::Fault {
        lose_answer: true,
        ..local_gcp::Fault::on("cloudbilling.projects.updateBillingInfo")
    });
    assert!(link(&api, "").await.is_err());
    assert_eq!(api.get(INFO).await?.ok()?.get("billingEnabled"), None);
    Ok(())
}
