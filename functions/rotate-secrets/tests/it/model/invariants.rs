//! What has to hold after every step of every schedule.

use super::world::{Value, Version, VersionState, World};
use rotate_secrets::rotation::{
    Effect, Overlap, Phase, Staging, State,
    state::{MAX_BYTES, Place, Subject, VersionNumber},
};

impl World {
    fn violated(&mut self, what: impl Into<String>) {
        let state = self.state.to_annotation().unwrap();
        self.violations.push(format!("{} in {state}", what.into()));
    }

    /// Whatever is written stays small, and is read as it was meant.
    pub(crate) fn check_written(&mut self, meant: &State, length: usize) {
        if length > MAX_BYTES / 2 {
            self.violated(format!("the annotation has {length} bytes"));
        }
        if self.state != *meant {
            self.violated(format!("{meant:?} was written"));
        }
    }

    /// Only what the target accepts is published.
    pub(crate) fn check_publication(&mut self, value: Value) {
        if !self.accepts(value) {
            self.violated(format!(
                "{value:?} was published although the target refuses it"
            ));
        }
    }

    /// The old value retires once it is known to be unused, and not before the end of its grace.
    pub(crate) fn check_transition(&mut self, next: &State) {
        let phase = |state: &State| {
            state
                .operation
                .as_ref()
                .map(|operation| operation.phase.clone())
        };
        let over = match (phase(&self.state), phase(next)) {
            (Some(Phase::Rolled { retire_after, .. }), Some(Phase::Retiring { .. })) => {
                retire_after <= self.now
            }
            (before, Some(Phase::Retiring { .. })) => {
                matches!(before, Some(Phase::Retiring { .. }))
            }
            _ => true,
        };
        if !over {
            self.violated("the old value retires in its grace");
        }
    }

    /// What may be done in which phase, and to what.
    pub(crate) fn check_effect(&mut self, effect: &Effect) {
        let Some(operation) = &self.state.operation else {
            return;
        };
        match effect {
            Effect::Apply(subject) => {
                let candidate = operation
                    .phase
                    .candidate()
                    .map(rotate_secrets::rotation::state::Candidate::subject);
                let base = Subject::main(operation.base);
                if Some(*subject) != candidate && *subject != base {
                    self.violated(format!("{subject:?} was applied but not recorded"));
                }
            }
            Effect::Retire(version) => self.check_unused(*version),
            Effect::Revoke(subject) if subject.place == Place::Main => {
                self.check_unused(subject.version);
            }
            Effect::Clear {
                place: Place::Main,
                after,
                up_to,
            } => {
                for version in after.0 + 1..=up_to.0 {
                    self.check_unused(VersionNumber(version));
                }
            }
            _ => {}
        }
    }

    fn check_unused(&mut self, version: VersionNumber) {
        if self
            .consumers
            .iter()
            .any(|consumer| consumer.serving == version.0)
        {
            self.violated(format!("version {version} was retired while in use"));
        }
        if version == self.newest() {
            self.violated(format!("version {version} was retired while the newest"));
        }
    }

    /// What holds at every instant: called after everything that changes anything.
    pub(crate) fn check(&mut self) {
        let recorded = self.recorded();
        let mut enabled = recorded
            .iter()
            .filter_map(|subject| self.readable(*subject));
        if !enabled.any(|value| self.accepts(value)) {
            self.violated("no recorded, enabled version holds what the target accepts");
        }
        self.check_held(&recorded);
        let swept = usize::try_from(self.state.swept.0).unwrap();
        let kept = |version: &Version| version.state == VersionState::Enabled;
        if self.side.iter().take(swept).any(kept) {
            self.violated("a candidate is forgotten in the side secret");
        }
        // Without an overlap, readers of base are shut out between apply and publication, and readers of the candidate
        // while it is taken back: that is the window which the documentation states.
        let published = self.readable(Subject::main(self.state.current));
        let moving = self.state.operation.as_ref().is_some_and(|operation| {
            matches!(
                operation.phase,
                Phase::Staged { .. } | Phase::Proven { .. } | Phase::Undoing(_)
            )
        });
        if (self.overlap == Overlap::Both || !moving)
            && !published.is_some_and(|value| self.accepts(value))
        {
            self.violated("readers of `current` are shut out");
        }
        if self.overlap == Overlap::Both {
            self.check_without_window();
        }
    }

    /// Each account accepts nothing, what it accepted before all began, or what a recorded version holds.
    fn check_held(&mut self, recorded: &[Subject]) {
        for slot in 0..self.accounts.len() {
            let known = |id| {
                let mut versions = recorded.iter().filter_map(|subject| self.version(*subject));
                id == 0 || versions.any(|version| version.value == Value { slot, id })
            };
            if let Some(id) = self.accounts[slot].filter(|id| !known(*id)) {
                self.violated(format!("account {slot} holds {id}, which is not recorded"));
            }
        }
    }

    /// With an overlap nobody is ever shut out, whichever way they read.
    fn check_without_window(&mut self) {
        let inline = self.aliases.contains_key("pending") || self.inline_leftovers();
        let newest = self.readable(Subject::main(self.newest()));
        if !inline && !newest.is_some_and(|value| self.accepts(value)) {
            self.violated("readers of `latest` are shut out");
        }
        for consumer in self.consumers.clone() {
            let value = self.readable(Subject::main(VersionNumber(consumer.serving)));
            if !value.is_some_and(|value| self.accepts(value)) {
                self.violated("a consumer is shut out");
            }
        }
        if let Some(previous) = self.aliases.get("previous").copied() {
            let value = self.readable(Subject::main(VersionNumber(previous)));
            if !value.is_some_and(|value| self.accepts(value)) {
                self.violated("readers of `previous` are shut out");
            }
        }
    }

    /// With candidates in the main secret, `latest` may be unproven: that mode is only for secrets without such readers.
    fn inline_leftovers(&self) -> bool {
        self.side.is_empty() && self.last_id > 1
    }

    /// Every version that the state names.
    fn recorded(&self) -> Vec<Subject> {
        let state = &self.state;
        let mut recorded = vec![Subject::main(state.current)];
        recorded.extend(state.twins.iter().copied().map(Subject::main));
        if let Some(operation) = &state.operation {
            recorded.push(Subject::main(operation.base));
            recorded.extend(
                operation
                    .phase
                    .candidate()
                    .map(rotate_secrets::rotation::state::Candidate::subject),
            );
        }
        recorded
    }

    /// What holds once everything has come to rest.
    pub(crate) fn check_at_rest(&mut self) {
        let current = self.state.current;
        if self.state.operation.is_some() {
            self.violated("it did not come to rest");
        }
        for (who, version) in [("current", current), ("latest", self.newest())] {
            let value = self.readable(Subject::main(version));
            if !value.is_some_and(|value| self.accepts(value)) {
                self.violated(format!("at rest, readers of `{who}` are shut out"));
            }
        }
        let current = self.readable(Subject::main(current));
        for consumer in self.consumers.clone() {
            let serving = self.readable(Subject::main(VersionNumber(consumer.serving)));
            if serving != current {
                self.violated("at rest, a consumer uses something else than `current`");
            }
        }
        if self.aliases.len() != 1 {
            self.violated(format!("at rest, there are aliases {:?}", self.aliases));
        }
    }

    /// How many different credentials have been published since the beginning.
    ///
    /// What the main secret is given is published to readers of `latest`. Only where candidates wait in the main secret,
    /// which is refused if there are such readers, can an unrecorded one be left there by a worker that died: then what
    /// `current` has named counts.
    pub(crate) fn published_values(&self, staging: Staging) -> usize {
        let mut ids = match staging {
            Staging::Side => self.main.iter().map(|version| version.value.id).collect(),
            Staging::Inline => self.read_by_current.clone(),
        };
        ids.sort_unstable();
        ids.dedup();
        ids.len() - 1
    }

    pub(crate) fn enabled(&self, place: Place) -> usize {
        let versions = match place {
            Place::Main => &self.main,
            Place::Side => &self.side,
        };
        let enabled = |version: &&Version| version.state == VersionState::Enabled;
        versions.iter().filter(enabled).count()
    }
}
