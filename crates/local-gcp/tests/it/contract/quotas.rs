//! Service Usage.

use crate::{
    quotas::done,
    support::{Api, Result},
};
use serde_json::json;

const METRICS: &str =
    "/v1beta1/projects/demo/services/bigquery.googleapis.com/consumerQuotaMetrics";

pub(super) async fn tour(api: &Api) -> Result<()> {
    api.gcp.seed(json!({"serviceusage": {"limits": [{
        "service": "bigquery.googleapis.com", "metric": "bigquery.googleapis.com/quota/query/usage",
        "unit": "1/d/{project}", "displayName": "Query usage per day", "defaultLimit": "1000", "usage": "10",
    }]}}))?;
    let metric = format!("{METRICS}/bigquery.googleapis.com%2Fquota%2Fquery%2Fusage");
    let limit = format!("{metric}/limits/%2Fd%2Fproject");
    let overrides = format!("{limit}/consumerOverrides");
    api.get(&format!("{METRICS}?view=BASIC")).await?.ok()?;
    api.get(&format!("{metric}?view=FULL")).await?.ok()?;
    let made = api
        .post(
            &format!("{overrides}?force=true"),
            json!({"overrideValue": "500"}),
        )
        .await?;
    let made = done(api, &made.ok()?).await?;
    let one = format!(
        "{overrides}/{}",
        made["response"]["name"]
            .as_str()
            .and_then(|name| name.rsplit('/').next())
            .unwrap_or_default()
    );
    api.get(&overrides).await?.ok()?;
    api.get(&limit).await?.ok()?;
    let less = json!({"overrideValue": "1"});
    api.patch(&one, less.clone()).await?.refused()?;
    let query = "updateMask=overrideValue&forceOnly=LIMIT_DECREASE_BELOW_USAGE&\
                 forceOnly=LIMIT_DECREASE_PERCENTAGE_TOO_HIGH";
    let changed = api.patch(&format!("{one}?{query}"), less).await?.ok()?;
    done(api, &changed).await?;
    let gone = api.delete(&format!("{one}?force=true")).await?.ok()?;
    done(api, &gone).await?;
    api.delete(&one).await?.refused()?;
    Ok(())
}
