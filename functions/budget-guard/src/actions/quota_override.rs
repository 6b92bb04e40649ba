//! A consumer's override of a quota of its project, such as how much `BigQuery` may read in a day.
//!
//! The path's last part is `METRIC@LIMIT` as the API names them, their slashes written `%2F`:
//! `quota:shop/bigquery.googleapis.com/bigquery.googleapis.com%2Fquota%2Fquery%2Fusage@%2Fd%2Fproject`.

use super::{Lever, Seen, parts};
use crate::{
    action::{Resource, Verb},
    google::{Api, CallError, Google, Pending},
};
use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};

pub(super) struct QuotaOverride;

fn path(resource: &Resource) -> Result<String, CallError> {
    let [project, service, limit] = parts(resource);
    let (metric, limit) = limit.split_once('@').ok_or_else(|| CallError::Unsuitable {
        resource: resource.to_string(),
        why: "does not end in METRIC@LIMIT, such as bigquery.googleapis.com%2Fquota%2Fquery%2Fusage@%2Fd%2Fproject",
    })?;
    Ok(format!(
        "/v1beta1/projects/{project}/services/{service}/consumerQuotaMetrics/{metric}/limits/{limit}"
    ))
}

/// The bucket for everything, which has no dimensions.
fn whole(limit: &Value) -> Option<&Value> {
    let buckets = limit["quotaBuckets"].as_array()?;
    buckets.iter().find(|bucket| {
        bucket["dimensions"]
            .as_object()
            .is_none_or(serde_json::Map::is_empty)
    })
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[async_trait]
impl Lever for QuotaOverride {
    fn name(&self) -> &'static str {
        "override"
    }

    fn target(&self, prior: &Value, verb: Verb) -> Value {
        let Verb::QuotaLimit(most) = verb else {
            return prior.clone();
        };
        // -1 is no limit.
        let before = number(&prior["effective"]).filter(|before| *before >= 0);
        let limit = before.map_or(i64::from(most), |before| before.min(i64::from(most)));
        json!({"override": limit.to_string(), "effective": limit.to_string()})
    }

    fn agrees(&self, live: &Value, target: &Value) -> bool {
        number(&live["override"]) == number(&target["override"])
    }

    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError> {
        let limit = google.get(Api::ServiceUsage, &path(resource)?).await?;
        let bucket = whole(&limit).ok_or_else(|| CallError::Missing {
            resource: resource.to_string(),
            field: "quotaBuckets",
        })?;
        let set = &bucket["consumerOverride"];
        Ok(Seen {
            value: json!({"override": set["overrideValue"], "effective": bucket["effectiveLimit"]}),
            etag: set["name"].clone(),
        })
    }

    async fn write(
        &self,
        google: &Google,
        resource: &Resource,
        seen: &Seen,
        target: &Value,
    ) -> Result<Option<Pending>, CallError> {
        let all = format!("{}/consumerOverrides?force=true", path(resource)?);
        let body = json!({"overrideValue": target["override"]});
        let id = seen.etag.as_str().and_then(|name| name.rsplit('/').next());
        let one = |id: &str| all.replace("?force", &format!("/{id}?force"));
        let answer = match (id, target["override"].is_null()) {
            (None, true) => return Ok(None),
            (Some(id), true) => {
                google
                    .change(Api::ServiceUsage, Method::DELETE, &one(id), &json!({}))
                    .await?
            }
            (Some(id), false) => {
                google
                    .change(Api::ServiceUsage, Method::PATCH, &one(id), &body)
                    .await?
            }
            (None, false) => {
                google
                    .change(Api::ServiceUsage, Method::POST, &all, &body)
                    .await?
            }
        };
        Ok(Pending::named(Api::ServiceUsage, "v1beta1", &answer))
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["serviceusage.quotas.get", "serviceusage.quotas.update"]
    }
}
