//! What can be taken away, and put back: one lever a file.
//!
//! A lever is one part of a resource that we change as a whole: a service's scaling, a job's state. It reads what is there,
//! says what should be there while an action is in force, and writes. Remembering what was there before, several budgets
//! that hold the same resource, and people who change it meanwhile are the business of [`apply`](crate::apply).

mod billing_link;
pub mod breadcrumb;
mod compute_power;
mod pool_scaling;
mod quota_override;
mod run;
mod run_door;
mod run_ingress;
mod run_invoker_check;
mod run_scaling;
mod scheduler_state;
mod sql_activation;

use crate::{
    action::{Family, Resource, Verb},
    google::{Api, CallError, Google, Pending},
};
use async_trait::async_trait;
use serde_json::Value;
use std::collections::BTreeMap;

/// The label that protects a resource, and its value.
pub const PROTECT: (&str, &str) = ("budget-guard", "protect");
/// The label on a project that is the second consent to unlinking its billing, and its value.
pub const ARMED: (&str, &str) = ("budget-guard-cap", "armed");

/// What a lever has read.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The part of the resource that the lever is about.
    pub value: Value,
    /// What proves that nobody has changed it since, where the API has such a thing.
    pub etag: Value,
}

/// One part of a resource.
#[async_trait]
pub trait Lever: Send + Sync {
    /// Its name in stored memory.
    fn name(&self) -> &'static str;

    /// What should be there while `verb` is in force and `prior` was there before: never more than there was.
    fn target(&self, prior: &Value, verb: Verb) -> Value;

    /// Whether what is there has the effect of what should be.
    fn agrees(&self, live: &Value, target: &Value) -> bool {
        live == target
    }

    /// Reads what is there.
    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError>;

    /// Makes it `target`, unless somebody has changed it since it was seen.
    async fn write(
        &self,
        google: &Google,
        resource: &Resource,
        seen: &Seen,
        target: &Value,
    ) -> Result<Option<Pending>, CallError>;

    /// The permissions that reading and writing take.
    fn permissions(&self) -> &'static [&'static str];

    /// Lets the API check the change without making it, where it can.
    async fn rehearse(
        &self,
        _google: &Google,
        _resource: &Resource,
        _target: &Value,
    ) -> Result<(), CallError> {
        Ok(())
    }
}

/// All levers there are.
const LEVERS: [&dyn Lever; 10] = [
    &run_scaling::RunScaling,
    &run_ingress::RunIngress,
    &run_door::RunDoor,
    &run_invoker_check::RunInvokerCheck,
    &pool_scaling::PoolScaling,
    &scheduler_state::SchedulerState,
    &sql_activation::SqlActivation,
    &compute_power::ComputePower,
    &quota_override::QuotaOverride,
    &billing_link::BillingLink,
];

/// The lever of this name; none for memory of a version that had others.
pub fn lever(name: &str) -> Option<&'static dyn Lever> {
    LEVERS.into_iter().find(|lever| lever.name() == name)
}

/// The levers that `verb` moves. Each is one write, so that a death between two leaves each as it was or as it should be.
pub fn levers_of(verb: Verb) -> &'static [&'static dyn Lever] {
    match verb {
        Verb::RunMinInstances(_) | Verb::RunMaxInstances(_) | Verb::RunDisable => {
            &[&run_scaling::RunScaling]
        }
        Verb::RunIngressInternal => &[&run_ingress::RunIngress],
        Verb::RunCloseDoor => &[&run_door::RunDoor, &run_invoker_check::RunInvokerCheck],
        Verb::PoolInstances(_) => &[&pool_scaling::PoolScaling],
        Verb::SchedulerPause => &[&scheduler_state::SchedulerState],
        Verb::SqlStop => &[&sql_activation::SqlActivation],
        Verb::ComputeStop => &[&compute_power::ComputePower],
        Verb::QuotaLimit(_) => &[&quota_override::QuotaOverride],
        Verb::BillingUnlink => &[&billing_link::BillingLink],
    }
}

/// What reading and writing take for `verb`.
pub fn permissions(verb: Verb) -> Vec<&'static str> {
    let levers = levers_of(verb).iter();
    levers
        .flat_map(|lever| lever.permissions())
        .copied()
        .collect()
}

/// The labels on a resource; none where its kind has none.
pub async fn labels(
    google: &Google,
    resource: &Resource,
) -> Result<BTreeMap<String, String>, CallError> {
    let (api, path, at) = match resource.family {
        Family::Run | Family::Pool => (Api::Run, run::path(resource), "/labels"),
        Family::Sql => (
            Api::Sql,
            sql_activation::path(resource),
            "/settings/userLabels",
        ),
        Family::Compute => (Api::Compute, compute_power::path(resource), "/labels"),
        Family::Project => return project_labels(google, &resource.path).await,
        Family::Scheduler | Family::Quota => return Ok(BTreeMap::new()),
    };
    let found = google.get(api, &path).await?;
    Ok(texts(found.pointer(at)))
}

/// The tags by which revisions of a Cloud Run service are reached whatever its traffic is.
pub async fn revision_tags(google: &Google, service: &Resource) -> Result<Vec<String>, CallError> {
    let seen = run::field(google, service, "traffic", Value::Null).await?;
    let targets = seen.value.as_array().into_iter().flatten();
    let tags = targets.filter_map(|target| target["tag"].as_str().map(str::to_owned));
    Ok(tags.filter(|tag| !tag.is_empty()).collect())
}

/// The labels on a project.
pub async fn project_labels(
    google: &Google,
    project: &str,
) -> Result<BTreeMap<String, String>, CallError> {
    let found = google
        .get(Api::Projects, &format!("/v3/projects/{project}"))
        .await?;
    Ok(texts(found.get("labels")))
}

fn texts(labels: Option<&Value>) -> BTreeMap<String, String> {
    let labels = labels.and_then(Value::as_object);
    let pairs = labels.into_iter().flatten();
    pairs
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The parts of a resource's path, of which its family says how many there are.
fn parts<const N: usize>(resource: &Resource) -> [&str; N] {
    let mut parts = resource.path.splitn(N, '/');
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests;
