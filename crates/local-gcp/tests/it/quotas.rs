//! Quota overrides of Service Usage over REST.

use crate::support::{Answered, Api, Result, eventually, start};
use serde_json::{Value, json};

const METRICS: &str =
    "/v1beta1/projects/demo/services/bigquery.googleapis.com/consumerQuotaMetrics";
const LIMIT: &str = "/v1beta1/projects/demo/services/bigquery.googleapis.com/consumerQuotaMetrics/\
                     bigquery.googleapis.com%2Fquota%2Fquery%2Fusage/limits/%2Fd%2Fproject";

async fn seeded() -> Result<Api> {
    let api = start().await?;
    api.gcp.seed(json!({"serviceusage": {"limits": [{
        "service": "bigquery.googleapis.com",
        "metric": "bigquery.googleapis.com/quota/query/usage",
        "unit": "1/d/{project}",
        "displayName": "Query usage per day",
        "defaultLimit": "1000",
        "usage": 400,
    }]}}))?;
    Ok(api)
}

/// Waits for the end of the operation and returns it.
pub(crate) async fn done(api: &Api, operation: &Value) -> Result<Value> {
    let path = format!(
        "/v1beta1/{}",
        operation["name"].as_str().unwrap_or_default()
    );
    eventually("the operation", async || {
        let operation = api.get(&path).await?.ok()?;
        Ok((operation["done"] == true).then_some(operation))
    })
    .await
}

async fn create(api: &Api, query: &str, value: &str) -> Result<Answered> {
    let body = json!({"overrideValue": value, "dimensions": {}});
    api.post(&format!("{LIMIT}/consumerOverrides{query}"), body)
        .await
}

async fn effective(api: &Api) -> Result<Value> {
    Ok(api.get(LIMIT).await?.ok()?["quotaBuckets"][0]["effectiveLimit"].clone())
}

#[tokio::test]
async fn an_override_is_set_changed_and_taken_back() -> Result<()> {
    let api = seeded().await?;
    assert_eq!(effective(&api).await?, "1000");
    let set = create(&api, "?force=true", "0").await?.ok()?;
    assert_eq!(set["done"], false);
    let set = done(&api, &set).await?;
    assert_eq!(
        (&set["response"]["overrideValue"], &set["response"]["unit"]),
        (&json!("0"), &json!("1/d/{project}"))
    );
    assert_eq!(effective(&api).await?, "0");
    let again = create(&api, "?force=true", "0").await?;
    assert_eq!(again.refused()?, (409, "ALREADY_EXISTS".to_owned()));
    let list = api.get(&format!("{LIMIT}/consumerOverrides")).await?.ok()?;
    let name = list["overrides"][0]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert_eq!(set["response"]["name"], json!(name));
    let patch = json!({"overrideValue": "500"});
    let patched = api
        .patch(&format!("/v1beta1/{name}?updateMask=overrideValue"), patch)
        .await?
        .ok()?;
    done(&api, &patched).await?;
    assert_eq!(effective(&api).await?, "500");
    let deleted = api
        .delete(&format!("/v1beta1/{name}?force=true"))
        .await?
        .ok()?;
    done(&api, &deleted).await?;
    assert_eq!(effective(&api).await?, "1000");
    assert_eq!(
        api.get(&format!("{LIMIT}/consumerOverrides")).await?.ok()?,
        json!({})
    );
    assert_eq!(
        api.delete(&format!("/v1beta1/{name}")).await?.refused()?.0,
        404
    );
    Ok(())
}

#[tokio::test]
async fn both_safety_checks_hold_until_they_are_waived() -> Result<()> {
    let api = seeded().await?;
    for (query, value, waited_for) in [
        ("", "399", "LIMIT_DECREASE_BELOW_USAGE"),
        (
            "?forceOnly=LIMIT_DECREASE_BELOW_USAGE",
            "399",
            "LIMIT_DECREASE_PERCENTAGE_TOO_HIGH",
        ),
        ("", "899", "LIMIT_DECREASE_PERCENTAGE_TOO_HIGH"),
    ] {
        let refused = create(&api, query, value).await?;
        assert_eq!(
            refused.refused()?,
            (400, "FAILED_PRECONDITION".to_owned()),
            "{query} {value}"
        );
        assert!(refused.text.contains(waited_for), "{}", refused.text);
    }
    for (query, value) in [
        ("", "-2"),
        ("", "many"),
        ("?force=true&forceOnly=LIMIT_DECREASE_BELOW_USAGE", "1"),
    ] {
        let refused = create(&api, query, value).await?;
        assert_eq!(
            refused.refused()?,
            (400, "INVALID_ARGUMENT".to_owned()),
            "{query} {value}"
        );
    }
    let within = create(&api, "", "900").await?.ok()?;
    done(&api, &within).await?;
    assert_eq!(effective(&api).await?, "900");
    Ok(())
}

#[tokio::test]
async fn a_limit_shows_what_was_seeded_and_others_are_not_found() -> Result<()> {
    let api = seeded().await?;
    let metrics = api.get(METRICS).await?.ok()?;
    let metric = &metrics["metrics"][0];
    assert_eq!(
        (
            &metric["metric"],
            &metric["displayName"],
            &metric["consumerQuotaLimits"][0]["quotaBuckets"]
        ),
        (
            &json!("bigquery.googleapis.com/quota/query/usage"),
            &json!("Query usage per day"),
            &json!([{"defaultLimit": "1000", "effectiveLimit": "1000"}])
        )
    );
    // The names are such as can be asked for.
    let name = metric["name"].as_str().unwrap_or_default();
    assert_eq!(&api.get(&format!("/v1beta1/{name}")).await?.ok()?, metric);
    let twice = name.replace("%2F", "%252F");
    assert_eq!(&api.get(&format!("/v1beta1/{twice}")).await?.ok()?, metric);
    assert_eq!(
        api.get(&format!("{METRICS}/other")).await?.refused()?.0,
        404
    );
    let refused = api
        .post(
            &format!("{METRICS}/other/limits/x/consumerOverrides"),
            json!({"overrideValue": "1"}),
        )
        .await?;
    assert_eq!(refused.refused()?, (404, "NOT_FOUND".to_owned()));
    let place = json!({"overrideValue": "1", "dimensions": {"region": "us-east1"}});
    let refused = api
        .post(&format!("{LIMIT}/consumerOverrides?force=true"), place)
        .await?;
    assert_eq!(refused.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    Ok(())
}
