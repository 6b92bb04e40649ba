//! What has to hold at every instant, looked at after every single call of anybody.

use super::{Accounts, Google, SECRET, SERVICE, SIDE};
use rotate_secrets::rotation::{
    Overlap, Phase, State,
    state::{Candidate, Place, Subject},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

pub(crate) struct Watch {
    google: Arc<Google>,
    accounts: Arc<Accounts>,
    overlap: Overlap,
    services: usize,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    violations: Vec<String>,
    /// Every value that readers of `latest` got.
    published: BTreeSet<String>,
    /// How many of the values that were applied have been looked at.
    applied: usize,
}

impl Watch {
    pub(crate) fn new(
        google: Arc<Google>,
        accounts: Arc<Accounts>,
        overlap: Overlap,
        services: usize,
    ) -> Self {
        Self {
            google,
            accounts,
            overlap,
            services,
            seen: Mutex::default(),
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.seen.lock().unwrap().violations.clone()
    }

    /// How many different values readers of `latest` have seen.
    pub(crate) fn published(&self) -> usize {
        self.seen.lock().unwrap().published.len()
    }

    fn violated(&self, after: &str, what: &str) {
        let line = format!("after {after}: {what}");
        self.seen.lock().unwrap().violations.push(line);
    }

    /// A live client looks, and so does somebody who knows what is recorded.
    pub(crate) async fn look(&self, after: &str) {
        let Some(state) = self.google.state().await else {
            return self.violated(after, "the state is gone");
        };
        let recorded = self.recorded(&state).await;
        if !recorded.iter().any(|value| self.accounts.accepts(value)) {
            self.violated(
                after,
                "no recorded, enabled version holds what the target accepts",
            );
        }
        self.look_at_applied(after, &recorded);
        for version in ["current", "latest"] {
            let value = self.google.value(SECRET, version).await;
            let works = value
                .as_ref()
                .is_some_and(|value| self.accounts.accepts(value));
            if !works && !self.is_in_window(&state) {
                self.violated(after, &format!("readers of `{version}` cannot log in"));
            }
            if version == "latest" {
                self.seen.lock().unwrap().published.extend(value);
            }
        }
        self.look_at_services(after, &state).await;
    }

    /// The values of all versions that the state names.
    async fn recorded(&self, state: &State) -> Vec<String> {
        let mut subjects = vec![Subject::main(state.current)];
        if let Some(operation) = &state.operation {
            subjects.push(Subject::main(operation.base));
            subjects.extend(operation.phase.candidate().map(Candidate::subject));
        }
        let mut values = Vec::new();
        for subject in subjects {
            let secret = match subject.place {
                Place::Main => SECRET,
                Place::Side => SIDE,
            };
            let version = subject.version.to_string();
            values.extend(self.google.value(secret, &version).await);
        }
        values
    }

    /// The target is only ever given what is durable and recorded.
    fn look_at_applied(&self, after: &str, recorded: &[String]) {
        let applied = self.accounts.applied();
        let new = {
            let mut seen = self.seen.lock().unwrap();
            let new = applied[seen.applied.min(applied.len())..].to_vec();
            seen.applied = applied.len();
            new
        };
        for value in new {
            if !recorded.contains(&value) {
                self.violated(after, "the target was given a value that is not recorded");
            }
        }
    }

    /// With a single credential, new logins fail from its change to its publication: the window that its kind documents.
    fn is_in_window(&self, state: &State) -> bool {
        let phase = state.operation.as_ref().map(|operation| &operation.phase);
        self.overlap == Overlap::Single
            && matches!(
                phase,
                Some(Phase::Staged { .. } | Phase::Proven { .. } | Phase::Undoing(_))
            )
    }

    /// What serves can start new instances, and they can log in.
    async fn look_at_services(&self, after: &str, state: &State) {
        for index in 0..self.services {
            let name = format!("{SERVICE}{index}");
            let service = self.google.get(&format!("/v2/{name}")).await.unwrap();
            let ready = service["latestReadyRevision"].as_str().unwrap();
            let revision = self.google.get(&format!("/v2/{ready}")).await.unwrap();
            let key = &revision["containers"][0]["env"][0]["valueSource"]["secretKeyRef"];
            let version = key["version"].as_str().unwrap();
            let value = self.google.value(SECRET, version).await;
            if value.is_none() {
                let what = format!("{ready} cannot read version {version}");
                self.violated(after, &what);
            }
            let works = value.is_some_and(|value| self.accounts.accepts(&value));
            if !works && self.overlap == Overlap::Both && state.operation.is_some() {
                let what = format!("{ready} cannot log in with version {version}");
                self.violated(after, &what);
            }
        }
    }
}
