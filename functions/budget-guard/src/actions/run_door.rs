//! Who calls a Cloud Run service without credentials: the public members of its invokers.

use super::{Lever, Seen, run};
use crate::{
    action::{Resource, Verb},
    google::{Api, CallError, Google, Pending},
};
use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};

const INVOKER: &str = "roles/run.invoker";
const PUBLIC: [&str; 2] = ["allUsers", "allAuthenticatedUsers"];

pub(super) struct RunDoor;

#[async_trait]
impl Lever for RunDoor {
    fn name(&self) -> &'static str {
        "door"
    }

    fn target(&self, _: &Value, _: Verb) -> Value {
        json!({"public": []})
    }

    fn agrees(&self, live: &Value, target: &Value) -> bool {
        live["public"] == target["public"]
    }

    async fn read(&self, google: &Google, resource: &Resource) -> Result<Seen, CallError> {
        let at = format!("{}:getIamPolicy", run::path(resource));
        let policy = google.get(Api::Run, &at).await?;
        let public = PUBLIC.iter().filter(|member| lets_in(&policy, member));
        Ok(Seen {
            value: json!({
                "public": public.collect::<Vec<_>>(),
                // Only so that who comes back stands where they stood.
                "order": order(&policy),
            }),
            etag: policy,
        })
    }

    async fn write(
        &self,
        google: &Google,
        resource: &Resource,
        seen: &Seen,
        target: &Value,
    ) -> Result<Option<Pending>, CallError> {
        // The policy carries its own etag.
        let policy = with_public(&seen.etag, target);
        let at = format!("{}:setIamPolicy", run::path(resource));
        let body = json!({ "policy": policy });
        google.change(Api::Run, Method::POST, &at, &body).await?;
        Ok(None)
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["run.services.getIamPolicy", "run.services.setIamPolicy"]
    }
}

/// The unconditional bindings of invokers; a condition is somebody's own arrangement.
fn is_plain(binding: &Value) -> bool {
    binding["role"] == INVOKER && binding.get("condition").is_none()
}

fn lets_in(policy: &Value, member: &str) -> bool {
    let bindings = policy["bindings"].as_array().into_iter().flatten();
    bindings
        .filter(|binding| is_plain(binding))
        .any(|binding| members(binding).any(|one| one == member))
}

fn members(binding: &Value) -> impl Iterator<Item = &Value> {
    binding["members"].as_array().into_iter().flatten()
}

/// The members of the first plain binding.
fn order(policy: &Value) -> Vec<&Value> {
    let mut bindings = policy["bindings"].as_array().into_iter().flatten();
    let plain = bindings.find(|binding| is_plain(binding));
    plain
        .map(|binding| members(binding).collect())
        .unwrap_or_default()
}

/// The policy with exactly the target's public members among its invokers; everybody else stays.
fn with_public(policy: &Value, target: &Value) -> Value {
    let mut policy = policy.clone();
    let wanted = target["public"].as_array().cloned().unwrap_or_default();
    let stood = target["order"].as_array().cloned().unwrap_or_default();
    let mut bindings = policy["bindings"].as_array().cloned().unwrap_or_default();
    let mut missing = wanted.clone();
    for binding in bindings.iter_mut().filter(|binding| is_plain(binding)) {
        let mut kept: Vec<Value> = members(binding).cloned().collect();
        kept.retain(|one| !PUBLIC.iter().any(|public| one == public) || wanted.contains(one));
        missing.retain(|one| !kept.contains(one));
        binding["members"] = kept.into();
    }
    if !missing.is_empty() {
        match bindings.iter_mut().find(|binding| is_plain(binding)) {
            Some(binding) => {
                let mut all: Vec<Value> = members(binding).cloned().chain(missing).collect();
                let place = |one: &Value| stood.iter().position(|stood| stood == one);
                all.sort_by_key(|one| place(one).unwrap_or(usize::MAX));
                binding["members"] = all.into();
            }
            None => bindings.push(json!({"role": INVOKER, "members": missing})),
        }
    }
    bindings.retain(|binding| !is_plain(binding) || members(binding).next().is_some());
    policy["bindings"] = bindings.into();
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_and_opening_leaves_everybody_elses_members_alone() {
        let before = json!({"etag": "x", "bindings": [
            {"role": "roles/run.viewer", "members": ["allUsers"]},
            {"role": INVOKER, "members": ["allUsers", "user:a@example.com"]},
            {"role": INVOKER, "members": ["allUsers"], "condition": {"title": "office hours"}},
        ]});
        let closed = with_public(&before, &json!({"public": []}));
        assert_eq!(closed["bindings"][0], before["bindings"][0]);
        assert_eq!(
            closed["bindings"][1]["members"],
            json!(["user:a@example.com"])
        );
        assert_eq!(closed["bindings"][2], before["bindings"][2]);
        assert_eq!(
            with_public(
                &closed,
                &json!({"public": ["allUsers"], "order": order(&before)})
            ),
            before
        );
    }

    #[test]
    fn a_binding_of_nobody_else_goes_and_returns() {
        let before = json!({"bindings": [{"role": INVOKER, "members": ["allUsers"]}]});
        let closed = with_public(&before, &json!({"public": []}));
        assert_eq!(closed, json!({"bindings": []}));
        assert_eq!(
            with_public(&closed, &json!({"public": ["allUsers"]})),
            before
        );
    }
}
