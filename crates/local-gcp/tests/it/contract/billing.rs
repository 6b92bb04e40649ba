//! Cloud Billing.

use crate::support::{Api, Result};
use serde_json::json;

const ACCOUNT: &str = "billingAccounts/01D4EE-079462-DFD6EC";

pub(super) async fn tour(api: &Api) -> Result<()> {
    api.gcp.seed(json!({"cloudbilling": {
        "billingAccounts": [{"name": ACCOUNT, "open": true, "displayName": "Main", "currencyCode": "EUR"}],
        "projects": [{"projectId": "demo", "billingAccountName": ACCOUNT}],
    }}))?;
    api.get("/v1/billingAccounts?pageSize=1").await?.ok()?;
    api.get(&format!("/v1/{ACCOUNT}")).await?.ok()?;
    api.get(&format!("/v1/{ACCOUNT}/projects")).await?.ok()?;
    let info = "/v1/projects/demo/billingInfo";
    api.get(info).await?.ok()?;
    api.put(info, json!({"billingAccountName": ""}))
        .await?
        .ok()?;
    api.put(info, json!({"billingAccountName": ACCOUNT}))
        .await?
        .ok()?;
    api.get("/v1/billingAccounts/000000-000000-000000")
        .await?
        .refused()?;
    Ok(())
}
