//! The scaling of a Cloud Run service as a whole, which takes effect without a new revision.
//!
//! Mode, minimum and maximum go together: Google fills in what is not given when the mode changes, so a restored mode
//! without its bounds is another service. <https://cloud.google.com/run/docs/configuring/services/manual-scaling>

use super::{Lever, Seen, run};
use crate::{
    action::{Resource, Verb},
    google::{CallError, Google, Pending},
};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

const COUNTS: [&str; 2] = ["minInstanceCount", "maxInstanceCount"];
const MANUAL_COUNT: &str = "manualInstanceCount";

pub(super) struct RunScaling;

#[async_trait]
impl Lever for RunScaling {
    fn name(&self) -> &'static str {
        "scaling"
    }

    fn target(&self, prior: &Value, verb: Verb) -> Value {
        let mut target = prior.as_object().cloned().unwrap_or_default();
        match verb {
            Verb::RunDisable => {
                return json!({"scalingMode": "MANUAL", MANUAL_COUNT: 0});
            }
            // A manual count is both bounds in one, and Google refuses bounds beside it.
            Verb::RunMaxInstances(most) if is_manual(prior) => {
                let count = count(prior, MANUAL_COUNT).min(most.into());
                target.insert(MANUAL_COUNT.to_owned(), count.into());
            }
            Verb::RunMaxInstances(most) => {
                // Without a maximum there is none of ours; 0 means the same.
                let most = match count(prior, "maxInstanceCount") {
                    0 => most.into(),
                    before => before.min(most.into()),
                };
                target.insert("maxInstanceCount".to_owned(), most.into());
                lower(&mut target, "minInstanceCount", most);
            }
            Verb::RunMinInstances(least) if !is_manual(prior) => {
                lower(&mut target, "minInstanceCount", least.into());
            }
            _ => {}
        }
        Value::Object(target)
    }

    fn agrees(&self, live: &Value, target: &Value) -> bool {
        if is_manual(live) || is_manual(target) {
            return is_manual(live) == is_manual(target)
                && count(live, MANUAL_COUNT) == count(target, MANUAL_COUNT);
        }
        COUNTS
            .iter()
            .all(|field| count(live, field) == count(target, field))
    }

    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError> {
        run::field(google, resource, "scaling", json!({})).await
    }

    async fn write(
        &self,
        google: &Google,
        resource: &Resource,
        seen: &Seen,
        target: &Value,
    ) -> Result<Option<Pending>, CallError> {
        run::patch(google, resource, ("scaling", &sent(target)), &seen.etag).await
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["run.services.get", "run.services.update"]
    }

    async fn rehearse(
        &self,
        google: &Google,
        resource: &Resource,
        target: &Value,
    ) -> Result<(), CallError> {
        run::rehearse(google, resource, ("scaling", &sent(target))).await
    }
}

fn is_manual(scaling: &Value) -> bool {
    scaling["scalingMode"] == "MANUAL"
}

fn count(scaling: &Value, field: &str) -> u64 {
    scaling[field].as_u64().unwrap_or_default()
}

fn lower(scaling: &mut Map<String, Value>, field: &str, most: u64) {
    if let Some(count) = scaling.get(field).and_then(Value::as_u64)
        && count > most
    {
        scaling.insert(field.to_owned(), most.into());
    }
}

/// Absent bounds are sent as 0, which means the same: left out, they would become what the manual count was.
fn sent(target: &Value) -> Value {
    let mut sent = target.clone();
    if !is_manual(target) {
        for field in COUNTS {
            if sent[field].is_null() {
                sent[field] = 0.into();
            }
        }
    }
    sent
}
