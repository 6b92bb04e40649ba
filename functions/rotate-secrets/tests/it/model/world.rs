//! Secret Manager, the target and the consumers: just enough of each, with the semantics that matter.

use jiff::Timestamp;
use rotate_secrets::rotation::{
    Added, Adoptable, Answer, Applied, Consumers, Effect, Failure, FailureKind, Look, Newest,
    NewestValue, Overlap, Phase, Probe, SecretView, Staged, State, Tested, Write,
    state::{ErrorCode, Place, Subject, VersionNumber},
};
use std::{collections::BTreeMap, time::Duration};

/// A credential: which of the target's accounts it is for, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) slot: usize,
    pub(crate) id: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionState {
    Enabled,
    Gone,
}

#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) value: Value,
    pub(crate) state: VersionState,
}

/// A service that was deployed with a version, or is being deployed with another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Consumer {
    pub(crate) serving: u64,
    pub(crate) starting: Option<u64>,
    pub(crate) failed: Option<u64>,
}

/// What goes wrong by itself, apart from dying workers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble {
    /// Credentials that the target takes, but that fail their test.
    pub(crate) unfit: Vec<u32>,
    /// Credentials that the target's policy refuses.
    pub(crate) refused: Vec<u32>,
    /// Credentials on which no consumer starts.
    pub(crate) unbootable: Vec<u32>,
    /// In the grace, a pipeline that knows nothing of rotations puts an old reference back, once.
    pub(crate) put_back: bool,
    /// How long the target cannot be asked.
    pub(crate) down_for: Duration,
}

/// A call whose answer nobody waits for any more.
#[derive(Debug, Clone)]
pub(crate) enum InFlight {
    Effect(Effect),
    Patch {
        etag: u64,
        write: Box<Write>,
    },
    /// A pipeline deploys the first consumer with this version again.
    Deploy(VersionNumber),
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    start: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) etag: u64,
    /// What the annotation says.
    pub(crate) state: State,
    pub(crate) aliases: BTreeMap<&'static str, u64>,
    pub(crate) main: Vec<Version>,
    pub(crate) side: Vec<Version>,
    pub(crate) overlap: Overlap,
    /// What each of the target's accounts accepts. A single credential uses the first.
    pub(crate) accounts: [Option<u32>; 2],
    pub(crate) consumers: Vec<Consumer>,
    pub(crate) trouble: Trouble,
    pub(crate) last_id: u32,
    /// Every credential that readers of `current` have been given.
    pub(crate) read_by_current: Vec<u32>,
    /// What went out and has not landed yet.
    pub(crate) in_flight: Vec<(Timestamp, InFlight)>,
    pub(crate) violations: Vec<String>,
}

impl World {
    pub(crate) fn new(overlap: Overlap, consumers: usize, trouble: Trouble) -> Self {
        let first = Value { slot: 0, id: 1 };
        let second_account = (overlap == Overlap::Both).then_some(0);
        let start = "2026-10-02T13:00:00Z".parse().unwrap();
        Self {
            start,
            now: start,
            etag: 1,
            state: State::adopted(VersionNumber(1)),
            aliases: BTreeMap::from([("current", 1)]),
            main: vec![Version {
                value: first,
                state: VersionState::Enabled,
            }],
            side: Vec::new(),
            overlap,
            accounts: [Some(1), second_account],
            consumers: vec![
                Consumer {
                    serving: 1,
                    ..Consumer::default()
                };
                consumers
            ],
            trouble,
            last_id: 1,
            read_by_current: vec![1],
            in_flight: Vec::new(),
            violations: Vec::new(),
        }
    }

    pub(crate) fn view(&self) -> SecretView {
        SecretView {
            managed: false,
            paused: false,
            state: Ok(Some(self.state.clone())),
        }
    }

    pub(crate) fn version(&self, subject: Subject) -> Option<&Version> {
        let versions = match subject.place {
            Place::Main => &self.main,
            Place::Side => &self.side,
        };
        let index = usize::try_from(subject.version.0.checked_sub(1)?).ok()?;
        versions.get(index)
    }

    /// The value in an enabled version.
    pub(crate) fn readable(&self, subject: Subject) -> Option<Value> {
        let version = self.version(subject)?;
        (version.state == VersionState::Enabled).then_some(version.value)
    }

    pub(crate) fn accepts(&self, value: Value) -> bool {
        self.accounts[value.slot] == Some(value.id)
    }

    pub(crate) fn newest(&self) -> VersionNumber {
        VersionNumber(self.main.len() as u64)
    }

    /// The conditional patch: state and aliases in one.
    pub(crate) fn patch(&mut self, etag: u64, write: &Write) -> bool {
        if etag != self.etag {
            return false;
        }
        self.etag += 1;
        self.check_transition(&write.state);
        self.put_back_once(&write.state);
        let annotation = write.state.to_annotation().unwrap();
        self.state = State::from_annotation(&annotation).unwrap();
        self.check_written(&write.state, annotation.len());
        let aliases = self.state.aliases();
        self.aliases = aliases.iter().map(|(name, n)| (*name, n.0)).collect();
        let read = self.version(Subject::main(self.state.current));
        if let Some(id) = read.map(|version| version.value.id)
            && !self.read_by_current.contains(&id)
        {
            self.read_by_current.push(id);
        }
        self.check();
        true
    }

    /// In the middle of the grace.
    fn put_back_once(&mut self, next: &State) {
        if let Some(operation) = &next.operation
            && let Phase::Rolled { retire_after, .. } = operation.phase
            && self.trouble.put_back
        {
            self.trouble.put_back = false;
            let grace = retire_after.duration_since(self.now).unsigned_abs();
            self.send(grace.as_secs() / 2, InFlight::Deploy(operation.base));
        }
    }

    pub(crate) fn look(&mut self, look: &Look) -> Answer {
        match look {
            Look::Confirm => Answer::Secret(Box::new(self.view())),
            Look::Probe(subject) => self.probe(*subject),
            Look::Test(subject) => {
                let value = self.readable(*subject);
                let unfit = value.is_some_and(|value| self.trouble.unfit.contains(&value.id));
                Answer::Tested(if unfit {
                    Tested::Failed
                } else {
                    Tested::Passed
                })
            }
            Look::Newest { current, candidate } => self.look_at_newest(*current, *candidate),
            Look::Adoptable => Answer::Adoptable(self.adoptable()),
            Look::Consumers(version) => Answer::Consumers(self.look_at_consumers(*version)),
            Look::References(versions) => {
                let refers = |consumer: &&Consumer| {
                    versions.iter().any(|version| consumer.serving == version.0)
                };
                Answer::References(self.consumers.iter().filter(refers).count())
            }
            Look::Group => unreachable!("no groups in this model"),
        }
    }

    fn probe(&self, subject: Subject) -> Answer {
        if self.is_down() {
            return Answer::Probed(Probe::Unreachable);
        }
        let value = self.readable(subject);
        Answer::Probed(match value {
            Some(value) if self.accepts(value) => Probe::Works,
            _ => Probe::Rejected,
        })
    }

    fn is_down(&self) -> bool {
        self.now < self.start + self.trouble.down_for
    }

    fn look_at_newest(&self, current: VersionNumber, candidate: Option<Subject>) -> Answer {
        let version = self.newest();
        let same = |other: Option<Value>| {
            other.is_some() && self.readable(Subject::main(version)) == other
        };
        let stored = |subject: Subject| self.version(subject).map(|version| version.value);
        let value = if self.readable(Subject::main(version)).is_none() {
            NewestValue::Unusable
        } else if same(stored(Subject::main(current))) {
            NewestValue::Current
        } else if same(candidate.and_then(stored)) {
            NewestValue::Candidate
        } else {
            NewestValue::Other
        };
        Answer::Newest(Newest { version, value })
    }

    fn adoptable(&self) -> Adoptable {
        let newest_enabled = |versions: &[Version]| {
            let enabled = |version: &Version| version.state == VersionState::Enabled;
            versions
                .iter()
                .rposition(enabled)
                .map(|index| VersionNumber(index as u64 + 1))
        };
        let current = self.aliases.get("current").copied().map(VersionNumber);
        Adoptable {
            main: current.or_else(|| newest_enabled(&self.main)),
            side: newest_enabled(&self.side),
        }
    }

    /// A consumer that was starting when it was last looked at has started, or has failed, by the next look.
    fn look_at_consumers(&mut self, wanted: VersionNumber) -> Consumers {
        let mut found = Consumers::Ready;
        for index in 0..self.consumers.len() {
            let consumer = self.consumers[index].clone();
            if consumer.starting == Some(wanted.0) {
                found = Consumers::Rolling;
                self.settle(index, wanted);
            } else if consumer.failed == Some(wanted.0) {
                return Consumers::Failed(index);
            } else if consumer.serving != wanted.0 {
                return Consumers::Behind(index);
            }
        }
        found
    }

    fn settle(&mut self, index: usize, wanted: VersionNumber) {
        let value = self.readable(Subject::main(wanted));
        let boots = value.is_some_and(|value| {
            self.accepts(value) && !self.trouble.unbootable.contains(&value.id)
        });
        let consumer = &mut self.consumers[index];
        consumer.starting = None;
        if boots {
            consumer.serving = wanted.0;
            consumer.failed = None;
        } else {
            consumer.failed = Some(wanted.0);
        }
        self.check();
    }

    /// Carries out an effect; the answer is what a client would get.
    pub(crate) fn act(&mut self, effect: &Effect) -> Answer {
        self.check_effect(effect);
        let answer = self.changed_by(effect);
        self.check();
        answer
    }

    fn changed_by(&mut self, effect: &Effect) -> Answer {
        match effect {
            Effect::Stage { base, place, .. } => self.stage(*base, *place),
            Effect::Apply(subject) => self.apply(*subject),
            Effect::Publish { from, adopt } => self.publish(*from, *adopt),
            Effect::Roll { consumer, version } => {
                let consumer = &mut self.consumers[*consumer];
                if consumer.serving != version.0 {
                    consumer.starting = Some(version.0);
                }
                Answer::Done
            }
            Effect::Revoke(subject) => {
                if let Some(value) = self.version(*subject).map(|version| version.value)
                    && self.accepts(value)
                {
                    self.accounts[value.slot] = None;
                }
                Answer::Done
            }
            Effect::Retire(version) => {
                self.main[usize::try_from(version.0).unwrap() - 1].state = VersionState::Gone;
                Answer::Done
            }
            Effect::Clear {
                place,
                after,
                up_to,
            } => {
                let versions = match place {
                    Place::Main => &mut self.main,
                    Place::Side => &mut self.side,
                };
                for (index, version) in versions.iter_mut().enumerate() {
                    let number = index as u64 + 1;
                    if number > after.0 && number <= up_to.0 {
                        version.state = VersionState::Gone;
                    }
                }
                Answer::Done
            }
        }
    }

    fn stage(&mut self, base: VersionNumber, place: Place) -> Answer {
        let Some(base) = self.readable(Subject::main(base)) else {
            return Answer::Failed(Failure {
                kind: FailureKind::Permanent,
                code: ErrorCode::BaseUnusable,
            });
        };
        self.last_id += 1;
        let slot = match self.overlap {
            Overlap::Both => 1 - base.slot,
            Overlap::Single => 0,
        };
        let value = Value {
            slot,
            id: self.last_id,
        };
        let version = self.add(place, value);
        Answer::Staged(Staged {
            version,
            slot: None,
        })
    }

    fn add(&mut self, place: Place, value: Value) -> VersionNumber {
        let versions = match place {
            Place::Main => &mut self.main,
            Place::Side => &mut self.side,
        };
        versions.push(Version {
            value,
            state: VersionState::Enabled,
        });
        VersionNumber(versions.len() as u64)
    }

    fn apply(&mut self, subject: Subject) -> Answer {
        let unreachable = Answer::Failed(Failure {
            kind: FailureKind::Transient,
            code: ErrorCode::TargetUnreachable,
        });
        let Some(value) = self.readable(subject) else {
            return unreachable;
        };
        if self.is_down() {
            return unreachable;
        }
        if self.trouble.refused.contains(&value.id) {
            return Answer::Applied(Applied::Refused);
        }
        self.accounts[value.slot] = Some(value.id);
        Answer::Applied(Applied::Taken)
    }

    fn publish(&mut self, from: Subject, adopt: bool) -> Answer {
        let Some(value) = self.readable(from) else {
            return Answer::Failed(Failure {
                kind: FailureKind::Transient,
                code: ErrorCode::SecretUnavailable,
            });
        };
        let newest = self.newest();
        if adopt && self.readable(Subject::main(newest)) == Some(value) {
            return Answer::Published(Added(newest));
        }
        self.check_publication(value);
        Answer::Published(Added(self.add(Place::Main, value)))
    }

    /// Something goes out and lands that much later.
    pub(crate) fn send(&mut self, seconds: u64, call: InFlight) {
        let lands = self.now + Duration::from_secs(seconds);
        self.in_flight.push((lands, call));
    }

    /// Time passes, and what is in flight lands.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        if self.in_flight.len() > 1 {
            self.in_flight.sort_by_key(|(at, _)| *at);
        }
        while self.in_flight.first().is_some_and(|(at, _)| *at <= until) {
            let (at, landing) = self.in_flight.remove(0);
            self.now = self.now.max(at);
            match landing {
                InFlight::Effect(effect) => {
                    self.act(&effect);
                }
                InFlight::Patch { etag, write } => {
                    self.patch(etag, &write);
                }
                InFlight::Deploy(version) => {
                    self.consumers[0].serving = version.0;
                    self.check();
                }
            }
        }
        self.now = until;
    }
}
