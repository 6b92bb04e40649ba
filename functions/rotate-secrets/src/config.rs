//! What the user writes. Defaults are those of a secret whose readers are services that start within minutes.

mod window;

use crate::{
    consumers::PinnedTraffic,
    secret_manager::{BadSecretName, SecretName},
    target::{InvalidTarget, TargetConfig},
};
use nightshift_runtime::{config::HumanDuration, gcp};
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

pub use window::{ClosureConfig, WindowConfig, WindowsConfig};

/// The whole configuration file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The id of the project whose secrets these are.
    pub project: String,
    /// Its number, which Secret Manager's events name in place of the id.
    pub project_number: u64,
    /// Secrets that must not change at about the same time, by the name of their group.
    #[serde(default)]
    pub groups: BTreeMap<String, GroupConfig>,
    /// The secrets that may be rotated, and no others, by the name that commands know them by.
    pub secrets: BTreeMap<String, SecretConfig>,
    /// Who is told how rotations end.
    #[serde(default)]
    pub publish: PublishConfig,
}

/// Who is told how rotations end.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PublishConfig {
    /// `projects/P/topics/T`; nobody without.
    pub topic: Option<String>,
}

/// A group of secrets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupConfig {
    /// The least time between the end of one member's rotation and the start of another's.
    pub distance: HumanDuration,
}

/// One secret, and how it is rotated.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretConfig {
    /// Its id in Secret Manager; without, the name it has here.
    pub id: Option<String>,
    /// Its region, if it is a regional secret.
    pub location: Option<String>,
    /// What accepts the credential.
    pub target: TargetConfig,
    /// The services and jobs that use it.
    #[serde(default)]
    pub consumers: Vec<ConsumerConfig>,
    /// Where a candidate waits until it is proven.
    #[serde(default)]
    pub staging: StagingConfig,
    /// What to do when somebody else has changed target or secret.
    #[serde(default)]
    pub on_drift: DriftConfig,
    /// Whether `current`, `previous` and `pending` are kept as aliases; `false` where Terraform owns them.
    #[serde(default = "yes")]
    pub aliases: bool,
    /// Whether the old credential is made useless at the target, where it would live on; without, whatever the kind does.
    pub revoke: Option<bool>,
    /// The group it belongs to.
    pub group: Option<String>,
    /// When rotations may start.
    #[serde(default)]
    pub windows: WindowsConfig,
    /// How long the old value stays good after every consumer uses the new one; at least as long as a pooled connection.
    #[serde(default = "hours::<1>")]
    pub grace: HumanDuration,
    /// No rotation starts sooner after the last.
    #[serde(default = "hours::<1>")]
    pub min_gap: HumanDuration,
    /// How old the value may be before `status` complains; without, it never does.
    pub max_age: Option<HumanDuration>,
    /// How long a worker may be silent before another takes over.
    #[serde(default = "minutes::<10>")]
    pub lease: HumanDuration,
    /// How long the target may take to accept a credential that it was given.
    #[serde(default = "minutes::<1>")]
    pub propagation: HumanDuration,
    /// How long consumers may take to become ready.
    #[serde(default = "minutes::<15>")]
    pub rollout_deadline: HumanDuration,
    /// How long readers of a target with a single credential may be without it when Secret Manager does not take it.
    #[serde(default = "minutes::<15>")]
    pub publish_deadline: HumanDuration,
    /// How many candidates the target may refuse before the rotation fails.
    #[serde(default = "three")]
    pub max_candidates: u8,
}

/// A service or job that uses a secret: one of the two.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { name = \"projects/P/locations/L/services/S\" }"
)]
pub struct ConsumerConfig {
    /// `projects/P/locations/L/services/S` or `projects/P/locations/L/jobs/J`.
    pub name: String,
    /// What to do about traffic that somebody has sent to a certain revision.
    #[serde(default)]
    pub pinned_traffic: PinnedTraffic,
}

/// Where a candidate waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StagingConfig {
    /// In the secret `<id>-next`, which only the rotator reads.
    #[default]
    Side,
    /// In the secret itself. Only where nobody reads `latest`.
    Inline,
}

/// What to do about changes that somebody else made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DriftConfig {
    /// Say so and touch nothing.
    #[default]
    Report,
    /// Make target and readers agree again.
    Repair,
}

/// What is wrong with a configuration that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidConfig {
    /// A value that cannot be meant.
    #[error("`{key}` is {found}, expected {expected}")]
    Value {
        /// The path of the key.
        key: String,
        /// What is there.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// A name that is none.
    #[error("`{key}`")]
    Name {
        /// The path of the key.
        key: String,
        /// What is wrong with it.
        source: BadSecretName,
    },
    /// A setting of a target.
    #[error("`secrets.{secret}.target`")]
    Target {
        /// Of which secret.
        secret: String,
        /// What is wrong with it.
        source: InvalidTarget,
    },
}

impl InvalidConfig {
    /// A value that cannot be meant.
    pub(crate) fn value(
        key: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self::Value {
            key: key.into(),
            found: found.into(),
            expected: expected.into(),
        }
    }
}

/// A lease has to be longer than the longest step and the margin that is kept between the clocks of two machines.
const SHORTEST_LEASE: Duration = Duration::from_mins(2);

impl Config {
    /// Finds what no single value shows.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        if self.secrets.is_empty() {
            return Err(InvalidConfig::value(
                "secrets",
                "empty",
                "at least one secret, such as [secrets.db-password]",
            ));
        }
        if let Some(topic) = &self.publish.topic
            && !gcp::is_resource(topic, "topics")
        {
            return Err(InvalidConfig::value(
                "publish.topic",
                format!("{topic:?}"),
                "projects/PROJECT/topics/NAME",
            ));
        }
        let mut seen: BTreeMap<SecretName, &str> = BTreeMap::new();
        for (key, secret) in &self.secrets {
            let name = self.secret_name(key)?;
            if let Some(other) = seen.insert(name.clone(), key) {
                return Err(InvalidConfig::value(
                    format!("secrets.{key}"),
                    format!("{name}, as secrets.{other} is"),
                    "every secret once",
                ));
            }
            secret.validate(key, &self.groups)?;
        }
        Ok(())
    }

    /// The full name of one of the secrets.
    pub fn secret_name(&self, key: &str) -> Result<SecretName, InvalidConfig> {
        self.named(key, &self.project)
    }

    /// The same, by the project's number.
    pub(crate) fn numbered_name(&self, key: &str) -> Result<SecretName, InvalidConfig> {
        self.named(key, &self.project_number.to_string())
    }

    fn named(&self, key: &str, project: &str) -> Result<SecretName, InvalidConfig> {
        let secret = self.secrets.get(key);
        let id = secret
            .and_then(|secret| secret.id.as_deref())
            .unwrap_or(key);
        let name = match secret.and_then(|secret| secret.location.as_deref()) {
            Some(location) => format!("projects/{project}/locations/{location}/secrets/{id}"),
            None => format!("projects/{project}/secrets/{id}"),
        };
        name.parse().map_err(|source| InvalidConfig::Name {
            key: format!("secrets.{key}"),
            source,
        })
    }
}

impl SecretConfig {
    fn validate(
        &self,
        key: &str,
        groups: &BTreeMap<String, GroupConfig>,
    ) -> Result<(), InvalidConfig> {
        let at = |field: &str| format!("secrets.{key}.{field}");
        self.target
            .validate()
            .map_err(|source| InvalidConfig::Target {
                secret: key.to_owned(),
                source,
            })?;
        let lease = Duration::from(self.lease);
        if lease < SHORTEST_LEASE {
            return Err(InvalidConfig::value(
                at("lease"),
                self.lease.to_string(),
                "at least 2m: a step may take a minute, and 30 seconds are kept unused",
            ));
        }
        if !(1..=10).contains(&self.max_candidates) {
            return Err(InvalidConfig::value(
                at("max_candidates"),
                self.max_candidates.to_string(),
                "1 to 10",
            ));
        }
        if let Some(group) = &self.group
            && !groups.contains_key(group)
        {
            return Err(InvalidConfig::value(
                at("group"),
                format!("{group:?}"),
                format!("one that has its distance in [groups.{group}]"),
            ));
        }
        if let Some(max_age) = self.max_age
            && Duration::from(max_age) <= Duration::from(self.min_gap)
        {
            return Err(InvalidConfig::value(
                at("max_age"),
                max_age.to_string(),
                "longer than min_gap",
            ));
        }
        self.windows.windows(&at("windows")).map(drop)
    }
}

fn yes() -> bool {
    true
}

fn three() -> u8 {
    3
}

fn hours<const N: u64>() -> HumanDuration {
    Duration::from_hours(N).into()
}

fn minutes<const N: u64>() -> HumanDuration {
    Duration::from_mins(N).into()
}

#[cfg(test)]
mod tests;
