//! What has to hold at every instant, looked at after every single call of anybody.

use super::{Accounts, Google, SECRET, SERVICE, SIDE, Setting, TestTime};
use jiff::Timestamp;
use nightshift_runtime::Clock as _;
use rotate_secrets::rotation::{
    Overlap, Phase, Staging, State,
    state::{Candidate, Place, Subject},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

pub(crate) struct Watch {
    google: Arc<Google>,
    accounts: Arc<Accounts>,
    time: TestTime,
    setting: Setting,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    violations: Vec<String>,
    /// Every value that readers got, of `latest` where there may be such readers, else of `current`.
    published: BTreeSet<String>,
    /// What readers of `current` and of `latest` got last.
    last: [Option<String>; 2],
    /// The versions that were read by number.
    read: BTreeSet<String>,
    /// How many of the values that were applied have been looked at.
    applied: usize,
    /// The end of the grace, once it is known.
    retire_after: Option<Timestamp>,
}

/// What readers of `current` and of `latest` get: the number of a version and its value.
type Published = [Option<(u64, String)>; 2];

/// A version that the state names, and what it holds if it can be read.
struct Recorded {
    subject: Subject,
    value: Option<String>,
}

impl Recorded {
    fn path(&self) -> String {
        let secret = secret_of(self.subject);
        format!("/v1/{secret}/versions/{}:access", self.subject.version)
    }
}

fn secret_of(subject: Subject) -> &'static str {
    match subject.place {
        Place::Main => SECRET,
        Place::Side => SIDE,
    }
}

impl Watch {
    pub(crate) fn new(
        google: Arc<Google>,
        accounts: Arc<Accounts>,
        time: TestTime,
        setting: Setting,
    ) -> Self {
        Self {
            google,
            accounts,
            time,
            setting,
            seen: Mutex::default(),
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// How many different values readers have seen.
    pub(crate) fn published(&self) -> usize {
        self.lock().published.len()
    }

    /// Somebody was given the payload of this version.
    pub(crate) fn read(&self, path: &str) {
        self.lock().read.insert(path.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    fn violated(&self, after: &str, what: &str) {
        self.lock()
            .violations
            .push(format!("after {after}: {what}"));
    }

    /// A live client looks, and so does somebody who knows what is recorded.
    pub(crate) async fn look(&self, after: &str) {
        let Some(state) = self.google.state().await else {
            return self.violated(after, "the state is gone");
        };
        let published = [
            self.google.access(SECRET, "current").await,
            self.google.access(SECRET, "latest").await,
        ];
        let recorded = self.recorded(&state, &published).await;
        self.look_at_target(after, &recorded);
        self.look_at_readers(after, &state, published);
        self.look_at_base(after, &state, &recorded);
        self.look_at_services(after, &state).await;
    }

    /// All versions that the state names.
    async fn recorded(&self, state: &State, published: &Published) -> Vec<Recorded> {
        let mut subjects = vec![Subject::main(state.current)];
        subjects.extend(state.twins.iter().copied().map(Subject::main));
        if let Some(operation) = &state.operation {
            subjects.push(Subject::main(operation.base));
            subjects.extend(operation.phase.candidate().map(Candidate::subject));
        }
        let mut recorded = Vec::new();
        for subject in subjects {
            let known = published
                .iter()
                .flatten()
                .find(|(number, _)| subject.place == Place::Main && *number == subject.version.0);
            let value = match known {
                Some((_, value)) => Some(value.clone()),
                None => {
                    let version = subject.version.to_string();
                    self.google.value(secret_of(subject), &version).await
                }
            };
            recorded.push(Recorded { subject, value });
        }
        recorded
    }

    /// The target accepts something that is recorded, and nothing else; and it is only ever given what has been read back.
    fn look_at_target(&self, after: &str, recorded: &[Recorded]) {
        let holding = |value: &String| {
            let mut recorded = recorded.iter();
            recorded.find(|version| version.value.as_ref() == Some(value))
        };
        let held = self.accounts.held();
        if !held.iter().any(|value| holding(value).is_some()) {
            let what = "no recorded, enabled version holds what the target accepts";
            self.violated(after, what);
        }
        for value in held.iter().filter(|value| holding(value).is_none()) {
            let what = format!("the target accepts {value}, which is not recorded");
            self.violated(after, &what);
        }
        let applied = self.accounts.applied();
        let looked_at = std::mem::replace(&mut self.lock().applied, applied.len());
        for value in &applied[looked_at.min(applied.len())..] {
            let version = holding(value);
            let durable = version.is_some_and(|version| self.lock().read.contains(&version.path()));
            if !durable {
                let what = format!("the target was given {value}, which nobody had read back");
                self.violated(after, &what);
            }
        }
    }

    /// Whoever logs in with what is published gets in; and whatever is newly published works, even in a window.
    fn look_at_readers(&self, after: &str, state: &State, published: Published) {
        let values = published.map(|read| read.map(|(_, value)| value));
        // A candidate that waits in the main secret is the newest version: there must be no readers of `latest` then.
        let inline = self.setting.staging == Staging::Inline && state.operation.is_some();
        let readers = ["current", "latest"].into_iter().zip(values).enumerate();
        for (index, (version, value)) in readers.take(if inline { 1 } else { 2 }) {
            let is_new = {
                let last = &mut self.lock().last[index];
                std::mem::replace(last, value.clone()) != value
            };
            let works = value
                .as_ref()
                .is_some_and(|value| self.accounts.accepts(value));
            if !works && !self.is_in_window(state) {
                self.violated(after, &format!("readers of `{version}` cannot log in"));
            }
            if !works && is_new {
                let what = format!("`{version}` was moved to what does not work");
                self.violated(after, &what);
            }
            self.lock().published.extend(value);
        }
    }

    /// With a single credential, new logins fail from its change to its publication: the window that its kind documents.
    fn is_in_window(&self, state: &State) -> bool {
        let phase = state.operation.as_ref().map(|operation| &operation.phase);
        self.setting.overlap == Overlap::Single
            && matches!(
                phase,
                Some(Phase::Staged { .. } | Phase::Proven { .. } | Phase::Undoing(_))
            )
    }

    /// The old value stays good until it may retire: not before the end of its grace.
    fn look_at_base(&self, after: &str, state: &State, recorded: &[Recorded]) {
        let Some(operation) = &state.operation else {
            self.lock().retire_after = None;
            return;
        };
        match &operation.phase {
            Phase::Retiring { .. } => {
                let retire_after = self.lock().retire_after;
                if retire_after.is_none_or(|at| self.time.now() < at) {
                    self.violated(after, "the old value retires in its grace");
                }
                return;
            }
            Phase::Rolled { retire_after, .. } => self.lock().retire_after = Some(*retire_after),
            _ => {}
        }
        let base = Subject::main(operation.base);
        let base = recorded.iter().find(|version| version.subject == base);
        let value = base.and_then(|version| version.value.as_ref());
        let works = value.is_some_and(|value| self.accounts.accepts(value));
        if value.is_none() || (!works && self.setting.overlap == Overlap::Both) {
            self.violated(after, "the old value was taken out of use too early");
        }
    }

    /// What serves can start new instances, and they can log in.
    async fn look_at_services(&self, after: &str, state: &State) {
        for index in 0..self.setting.services {
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
            if !works && self.setting.overlap == Overlap::Both && state.operation.is_some() {
                let what = format!("{ready} cannot log in with version {version}");
                self.violated(after, &what);
            }
        }
    }
}
