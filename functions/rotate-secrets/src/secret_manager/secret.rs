//! A secret's metadata, as far as a rotation depends on it.

use super::SecretName;
use crate::rotation::{
    SecretView, State,
    state::{CURRENT_ALIAS, PAUSE_ANNOTATION, PENDING_ALIAS, PREVIOUS_ALIAS, STATE_ANNOTATION},
};
use google_cloud_secretmanager_v1::model::{self, secret::SecretType};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// A secret as it was read.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its name as it was asked for; Google answers with the project's number.
    pub name: SecretName,
    read: model::Secret,
}

/// When Secret Manager tells that a rotation is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The next time.
    pub next: Option<Timestamp>,
    /// How often.
    pub period: Option<SignedDuration>,
}

impl Secret {
    pub(super) fn new(name: SecretName, read: model::Secret) -> Self {
        Self { name, read }
    }

    pub(super) fn etag(&self) -> &str {
        &self.read.etag
    }

    /// What decisions depend on.
    pub fn view(&self) -> SecretView {
        let annotation = self.read.annotations.get(STATE_ANNOTATION);
        let state = annotation.map(|text| State::from_annotation(text));
        SecretView {
            managed: self.read.secret_type == SecretType::CloudSqlDbCredentials,
            paused: self.is_paused(),
            state: state.transpose(),
        }
    }

    /// Whether a person has frozen it. Anything but a clear no is a yes: who writes the annotation at all means it.
    pub fn is_paused(&self) -> bool {
        let annotation = self.read.annotations.get(PAUSE_ANNOTATION);
        annotation.is_some_and(|value| value != "false")
    }

    /// Whether destroying a version only schedules its end.
    pub fn destroys_later(&self) -> bool {
        self.read.version_destroy_ttl.is_some()
    }

    /// The version that an alias names.
    pub fn alias(&self, alias: &str) -> Option<i64> {
        self.read.version_aliases.get(alias).copied()
    }

    /// Where Secret Manager publishes.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.read.topics.iter().map(|topic| topic.name.as_str())
    }

    /// When the secret was created.
    pub fn created(&self) -> Option<Timestamp> {
        self.read.create_time.as_ref().and_then(instant)
    }

    /// Its own schedule.
    pub fn schedule(&self) -> Option<Schedule> {
        let rotation = self.read.rotation.as_ref()?;
        let period = rotation.rotation_period.as_ref();
        Some(Schedule {
            next: rotation.next_rotation_time.as_ref().and_then(instant),
            period: period.map(|period| SignedDuration::new(period.seconds(), period.nanos())),
        })
    }

    /// The project's number, which Google's answers name in place of its id.
    pub fn project_number(&self) -> Option<&str> {
        let number = self
            .read
            .name
            .strip_prefix("projects/")?
            .split('/')
            .next()?;
        number
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(number)
    }

    pub(super) fn annotations_with(&self, key: &str, value: String) -> HashMap<String, String> {
        let mut annotations = self.read.annotations.clone();
        annotations.insert(key.to_owned(), value);
        annotations
    }

    pub(super) fn annotations_without(&self, key: &str) -> HashMap<String, String> {
        let mut annotations = self.read.annotations.clone();
        annotations.remove(key);
        annotations
    }

    /// The aliases that `state` publishes beside those that are none of ours.
    pub(super) fn aliases_with(&self, state: &State) -> HashMap<String, i64> {
        let mut aliases = self.read.version_aliases.clone();
        for ours in [CURRENT_ALIAS, PREVIOUS_ALIAS, PENDING_ALIAS] {
            aliases.remove(ours);
        }
        for (alias, version) in state.aliases() {
            // Numbers beyond i64 do not exist: they are counted from 1.
            aliases.insert(
                alias.to_owned(),
                i64::try_from(version.0).unwrap_or(i64::MAX),
            );
        }
        aliases
    }
}

pub(super) fn instant(time: &google_cloud_wkt::Timestamp) -> Option<Timestamp> {
    Timestamp::new(time.seconds(), time.nanos()).ok()
}
