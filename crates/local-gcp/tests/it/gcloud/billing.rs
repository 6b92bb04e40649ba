//! `gcloud billing`.

use super::gcloud;
use crate::support::{Result, start};
use serde_json::json;

#[tokio::test]
async fn gcloud_unlinks_and_links_billing() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let id = "01D4EE-079462-DFD6EC";
    let name = format!("billingAccounts/{id}");
    api.gcp.seed(json!({"cloudbilling": {
        "billingAccounts": [{"name": name, "open": true, "displayName": "Main"}],
        "projects": [{"projectId": "demo", "billingAccountName": name, "locked": false}],
    }}))?;
    let run = async |arguments: &[&str]| gcloud.run(&[&["billing"], arguments].concat()).await;
    assert_eq!(run(&["accounts", "list"]).await?[0]["name"], name);
    let linked = run(&["projects", "describe", "demo"]).await?;
    assert_eq!(
        (&linked["billingAccountName"], &linked["billingEnabled"]),
        (&json!(name), &json!(true))
    );
    let account = format!("--billing-account={id}");
    let listed = run(&["projects", "list", &account]).await?;
    assert_eq!(listed[0]["projectId"], "demo");
    let unlinked = run(&["projects", "unlink", "demo"]).await?;
    assert_ne!(unlinked["billingEnabled"], true);
    assert_eq!(run(&["projects", "list", &account]).await?, json!([]));
    assert_eq!(run(&["projects", "link", "demo", &account]).await?, linked);
    Ok(())
}
