//! What has to be looked up before deciding: labels, and only where they matter.

use super::{Guard, GuardError};
use crate::{
    action::{Action, Family, Resource},
    actions::{self, ARMED, PROTECT},
    decide,
    input::{Event, Observed},
    policy::Policy,
    state::State,
};
use std::collections::BTreeSet;

impl Guard {
    /// Supposes that nothing protects itself and that every consent is given, and looks up what would matter then.
    pub(super) async fn observe(
        &self,
        policy: &Policy,
        state: &State,
        event: &Event,
    ) -> Result<Observed, GuardError> {
        let mut supposed = event.clone();
        supposed.observed.armed = policy.cap_projects.clone();
        let (after, _) = decide(policy, state, &supposed);
        let mut observed = Observed::at(event.observed.now);
        let latched = after.latches.iter().flat_map(|latch| &latch.actions);
        let actions: Vec<&Action> = latched.chain(state.applied.values()).collect();
        let resources: BTreeSet<&Resource> = actions.iter().map(|one| &one.resource).collect();
        for resource in resources {
            // A resource that cannot be looked at is no protected one: what is to be done to it will fail, and be told.
            let labels = match actions::labels(&self.google, resource).await {
                Ok(labels) => labels,
                Err(error) if error.may_pass() => return Err(error.into()),
                Err(_) => continue,
            };
            if labels
                .get(PROTECT.0)
                .is_some_and(|value| value == PROTECT.1)
            {
                observed.protected.insert(resource.clone());
            }
            let armed = labels.get(ARMED.0).is_some_and(|value| value == ARMED.1);
            if armed && resource.family == Family::Project {
                observed.armed.insert(resource.path.clone());
            }
        }
        Ok(observed)
    }
}
