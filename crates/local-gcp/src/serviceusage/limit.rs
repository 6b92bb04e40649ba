//! A limit, and the overrides on it.

use crate::{
    google::json,
    http::ApiError,
    store::{Record, View},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// A seeded limit. Its key is its resource name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the fields have the names of the API"
)]
pub(crate) struct Limit {
    pub(super) metric: String,
    pub(super) unit: String,
    pub(super) display_name: String,
    pub(super) default_limit: i64,
    pub(super) usage: i64,
}

impl Record for Limit {
    const TABLE: &'static str = "serviceusage.limits";
}

/// What a consumer set. Its key is its resource name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the fields have the names of the API"
)]
pub(crate) struct Override {
    pub(super) name: String,
    /// -1 is no limit at all.
    #[serde(with = "json::int64")]
    pub(super) override_value: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) dimensions: BTreeMap<String, String>,
    pub(super) metric: String,
    pub(super) unit: String,
}

impl Record for Override {
    const TABLE: &'static str = "serviceusage.overrides";
}

pub(super) fn find(view: &View, name: &str) -> Result<Arc<Limit>, ApiError> {
    view.get::<Limit>(name)
        .ok_or_else(|| ApiError::not_found(format!("Quota limit {name} not found.")))
}

/// The overrides on a limit, by their names.
pub(super) fn overrides(view: &View, limit: &str) -> Vec<Arc<Override>> {
    let prefix = format!("{limit}/consumerOverrides/");
    let found = view.with_prefix::<Override>(&prefix);
    found.map(|(_, found)| found.clone()).collect()
}

impl Limit {
    /// `ConsumerQuotaLimit`: the bucket for everything comes first, then one for each override on some dimensions.
    pub(super) fn json(&self, view: &View, name: &str) -> Value {
        let overrides = overrides(view, name);
        let everything = overrides.iter().find(|o| o.dimensions.is_empty());
        let mut buckets = vec![self.bucket(everything.map(Arc::as_ref))];
        let particular = overrides.iter().filter(|o| !o.dimensions.is_empty());
        buckets.extend(particular.map(|o| self.bucket(Some(o))));
        json!({
            "name": name,
            "metric": self.metric,
            "unit": self.unit,
            "isPrecise": true,
            "allowsAdminOverrides": true,
            "quotaBuckets": buckets,
        })
    }

    fn bucket(&self, set: Option<&Override>) -> Value {
        let effective = set.map_or(self.default_limit, |set| set.override_value);
        let mut bucket = json!({
            "defaultLimit": self.default_limit.to_string(),
            "effectiveLimit": effective.to_string(),
        });
        if let Some(set) = set {
            bucket["consumerOverride"] = json!(set);
            if !set.dimensions.is_empty() {
                bucket["dimensions"] = json!(set.dimensions);
            }
        }
        bucket
    }

    /// What holds for these dimensions now.
    pub(super) fn effective(&self, view: &View, name: &str, at: &BTreeMap<String, String>) -> i64 {
        let overrides = overrides(view, name);
        let value = |at: &BTreeMap<String, String>| {
            let set = overrides.iter().find(|o| o.dimensions == *at);
            set.map(|set| set.override_value)
        };
        value(at)
            .or_else(|| value(&BTreeMap::new()))
            .unwrap_or(self.default_limit)
    }
}
