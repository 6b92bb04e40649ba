//! Quota metrics and their limits: list, get.

use super::{
    limit::{self, Limit},
    names::Path,
};
use crate::{
    google::page::{Page, listed},
    http::{Answer, ApiError, Call, Reply},
    store::View,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 100, 1000)?;
    let path = Path::of(&call)?;
    let metrics = metrics(
        &call.view(),
        &format!("{}/consumerQuotaMetrics/", path.service()),
    );
    let (metrics, next) = page.cut(metrics.into_iter());
    Reply::json(&listed("metrics", metrics, next))
}

pub(super) async fn metric(call: Call) -> Answer {
    let name = Path::of(&call)?.metric();
    let metric = metrics(&call.view(), &format!("{name}/")).remove(&name);
    let metric =
        metric.ok_or_else(|| ApiError::not_found(format!("Quota metric {name} not found.")))?;
    Reply::json(&metric)
}

pub(super) async fn get(call: Call) -> Answer {
    let name = Path::of(&call)?.limit();
    let view = call.view();
    Reply::json(&limit::find(&view, &name)?.json(&view, &name))
}

/// The metrics of all limits whose names begin so.
fn metrics(view: &View, prefix: &str) -> BTreeMap<String, Value> {
    let mut metrics: BTreeMap<String, Value> = BTreeMap::new();
    for (name, limit) in view.with_prefix::<Limit>(prefix) {
        let metric = name.split("/limits/").next().unwrap_or(name);
        let entry = metrics.entry(metric.to_owned()).or_insert_with(|| {
            json!({
                "name": metric,
                "metric": limit.metric,
                "displayName": limit.display_name,
                "unit": "1",
                "consumerQuotaLimits": [],
            })
        });
        if let Some(Value::Array(limits)) = entry.get_mut("consumerQuotaLimits") {
            limits.push(limit.json(view, name));
        }
    }
    metrics
}
