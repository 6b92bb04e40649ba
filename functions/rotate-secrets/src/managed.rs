//! The secrets that may be rotated, ready to be: the allow-list.

use crate::{
    config::{Config, DriftConfig, InvalidConfig, SecretConfig, StagingConfig},
    consumers::{Consumer, Referred},
    error::Error,
    rotation::{Group, OnDrift, Policy, Staging, state::Place},
    secret_manager::SecretName,
    target::{Surroundings, Target},
};
use nightshift_runtime::gcp::Gcp;
use std::time::Duration;

/// One secret with everything that its rotation touches.
pub struct Managed {
    /// What commands call it.
    pub key: String,
    /// Its names.
    pub name: Referred,
    /// The rules of its rotation.
    pub policy: Policy,
    /// What accepts its credential.
    pub target: Box<dyn Target>,
    /// What uses it.
    pub consumers: Vec<Consumer>,
    /// The other members of its group.
    pub group: Vec<SecretName>,
    /// Whether aliases are ours to write.
    pub aliases: bool,
    /// How old its value may be.
    pub max_age: Option<Duration>,
}

/// All of them.
pub struct Fleet(Vec<Managed>);

impl Managed {
    async fn build(config: &Config, key: &str, gcp: &Gcp) -> Result<Self, Error> {
        let secret = config.secrets.get(key).ok_or_else(|| unknown(key))?;
        let name = config.secret_name(key)?;
        let surroundings = Surroundings { secret: &name, gcp };
        let target = secret.target.build(surroundings).await;
        let target = target.map_err(|source| Error::Target {
            secret: name.clone(),
            source,
        })?;
        Ok(Self {
            policy: policy(config, key, secret, &*target)?,
            consumers: consumers(key, secret)?,
            group: group(config, key, secret)?,
            name: Referred {
                name,
                numbered: config.numbered_name(key)?,
            },
            key: key.to_owned(),
            target,
            aliases: secret.aliases,
            max_age: secret.max_age.map(Duration::from),
        })
    }

    /// The secret that holds versions of this place.
    pub fn place(&self, place: Place) -> SecretName {
        match place {
            Place::Main => self.name.name.clone(),
            Place::Side => self.name.name.side(),
        }
    }
}

impl Fleet {
    /// Makes every secret of a valid configuration ready.
    pub async fn build(config: &Config, gcp: &Gcp) -> Result<Self, Error> {
        config.validate()?;
        let mut all = Vec::new();
        for key in config.secrets.keys() {
            all.push(Managed::build(config, key, gcp).await?);
        }
        Ok(Self(all))
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Managed> {
        self.0.iter()
    }

    /// The one that a person means: by its name in the configuration, its id, or its full name.
    pub fn named(&self, name: &str) -> Result<&Managed, Error> {
        let by_key = self.iter().find(|managed| managed.key == name);
        let by_name = || {
            self.iter().find(|managed| {
                let Referred {
                    name: full,
                    numbered,
                } = &managed.name;
                full.id() == name || full.to_string() == name || numbered.to_string() == name
            })
        };
        by_key.or_else(by_name).ok_or_else(|| unknown(name))
    }

    /// The one that an event names, by its project's number or id: the whole name has to be that of a secret of ours.
    pub fn allowed(&self, name: &SecretName) -> Option<&Managed> {
        self.iter()
            .find(|managed| managed.name.name == *name || managed.name.numbered == *name)
    }
}

impl FromIterator<Managed> for Fleet {
    fn from_iter<I: IntoIterator<Item = Managed>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

fn unknown(name: &str) -> Error {
    Error::UnknownSecret(name.chars().take(200).collect())
}

fn policy(
    config: &Config,
    key: &str,
    secret: &SecretConfig,
    target: &dyn Target,
) -> Result<Policy, Error> {
    let group = secret.group.as_ref();
    let group = group.and_then(|name| config.groups.get(name));
    Ok(Policy {
        overlap: target.overlap(),
        staging: match secret.staging {
            StagingConfig::Side => Staging::Side,
            StagingConfig::Inline => Staging::Inline,
        },
        revoke: secret.revoke.unwrap_or(true) && target.revokes(),
        has_consumers: !secret.consumers.is_empty(),
        min_gap: secret.min_gap.into(),
        grace: secret.grace.into(),
        lease: secret.lease.into(),
        propagation: secret.propagation.into(),
        rollout_deadline: secret.rollout_deadline.into(),
        publish_deadline: secret.publish_deadline.into(),
        max_candidates: secret.max_candidates,
        windows: secret.windows.windows(&format!("secrets.{key}.windows"))?,
        group: group.map(|group| Group {
            distance: group.distance.into(),
        }),
        on_drift: match secret.on_drift {
            DriftConfig::Report => OnDrift::Report,
            DriftConfig::Repair => OnDrift::Repair,
        },
    })
}

fn consumers(key: &str, secret: &SecretConfig) -> Result<Vec<Consumer>, InvalidConfig> {
    let all = secret.consumers.iter().enumerate();
    all.map(|(index, consumer)| {
        Consumer::parse(&consumer.name, consumer.pinned_traffic).map_err(|_| {
            InvalidConfig::value(
                format!("secrets.{key}.consumers[{index}].name"),
                format!("{:?}", consumer.name),
                "projects/PROJECT/locations/LOCATION/services/NAME or …/jobs/NAME",
            )
        })
    })
    .collect()
}

fn group(
    config: &Config,
    key: &str,
    secret: &SecretConfig,
) -> Result<Vec<SecretName>, InvalidConfig> {
    let Some(group) = &secret.group else {
        return Ok(Vec::new());
    };
    let members = config.secrets.iter();
    let others = members
        .filter(|(other, member)| *other != key && member.group.as_ref() == Some(group))
        .map(|(other, _)| config.secret_name(other));
    others.collect()
}
