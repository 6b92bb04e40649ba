//! Which revisions requests go to, and which ones a worker pool's instances run.

use super::{names, revision::Revision};
use crate::{google::schema::Object, http::ApiError, store::View};
use serde_json::{Value, json};

/// How one kind words its split.
pub(super) struct Split {
    field: &'static str,
    latest: &'static str,
    revision: &'static str,
}

/// A service's traffic.
pub(super) const TRAFFIC: Split = Split {
    field: "traffic",
    latest: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST",
    revision: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
};

/// A worker pool's instances.
pub(super) const INSTANCES: Split = Split {
    field: "instanceSplits",
    latest: "INSTANCE_SPLIT_ALLOCATION_TYPE_LATEST",
    revision: "INSTANCE_SPLIT_ALLOCATION_TYPE_REVISION",
};

impl Split {
    /// Fills in and checks the split of `owner`, which may name the revision that the same change makes.
    pub(super) fn settle(
        &self,
        view: &View,
        owner: &str,
        spec: &mut Object,
        coming: Option<&str>,
    ) -> Result<(), ApiError> {
        let given = spec.get(self.field).and_then(Value::as_array);
        let mut targets = given.cloned().unwrap_or_default();
        if targets.is_empty() {
            targets = vec![json!({ "type": self.latest, "percent": 100 })];
        }
        let mut tags = vec![];
        for (n, target) in targets.iter_mut().enumerate() {
            let at = format!("{}[{n}]", self.field);
            self.settle_target(view, owner, target, coming, &at)?;
            tags.extend(target["tag"].as_str().map(str::to_owned));
        }
        let sum: i64 = targets.iter().filter_map(|t| t["percent"].as_i64()).sum();
        if sum != 100 {
            return Err(ApiError::invalid(format!(
                "{}: the percentages must add up to 100, but are {sum} together",
                self.field
            )));
        }
        let distinct: std::collections::BTreeSet<_> = tags.iter().collect();
        if distinct.len() != tags.len() {
            return Err(ApiError::invalid(format!(
                "{}: a tag is given twice",
                self.field
            )));
        }
        spec.insert(self.field.to_owned(), targets.into());
        Ok(())
    }

    fn settle_target(
        &self,
        view: &View,
        owner: &str,
        target: &mut Value,
        coming: Option<&str>,
        at: &str,
    ) -> Result<(), ApiError> {
        if target["percent"]
            .as_i64()
            .is_some_and(|p| !(0..=100).contains(&p))
        {
            return Err(ApiError::invalid(format!(
                "{at}.percent: {} is not between 0 and 100",
                target["percent"]
            )));
        }
        let Some(revision) = target.get("revision").and_then(Value::as_str) else {
            target["type"] = self.latest.into();
            return Ok(());
        };
        if target["type"] == self.latest {
            return Err(ApiError::invalid(format!(
                "{at}: a target of type LATEST names no revision"
            )));
        }
        let name = format!("{owner}/revisions/{}", names::id(revision));
        if coming != Some(&name) && view.get::<Revision>(&name).is_none() {
            return Err(ApiError::invalid(format!(
                "{at}.revision: Revision {revision:?} does not exist"
            )));
        }
        target["type"] = self.revision.into();
        Ok(())
    }

    /// What the split comes to while `ready` is the latest revision that is ready.
    pub(super) fn statuses(&self, spec: &Object, ready: &str, uri: &str) -> Vec<Value> {
        let targets = spec.get(self.field).and_then(Value::as_array);
        let status = |target: &Value| {
            let mut status = target.clone();
            if target["type"] == self.latest && !ready.is_empty() {
                status["revision"] = names::id(ready).into();
            }
            if let Some(tag) = target["tag"].as_str() {
                status["uri"] = uri
                    .replacen("https://", &format!("https://{tag}---"), 1)
                    .into();
            }
            status
        };
        targets.into_iter().flatten().map(status).collect()
    }

    /// Whether a revision of this id gets a share or has a tag.
    pub(super) fn uses(&self, spec: &Object, ready: &str, id: &str) -> bool {
        let statuses = self.statuses(spec, ready, "");
        statuses.iter().any(|status| status["revision"] == id)
    }
}
