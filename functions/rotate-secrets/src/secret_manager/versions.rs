//! The versions of a secret: added, read, listed, and taken out of use.

use super::{Kind, SecretError, SecretManager, SecretName, error::Doing, secret::instant};
use crate::{payload::Payload, rotation::state::VersionNumber};
use bytes::Bytes;
use google_cloud_gax::options::RequestOptionsBuilder;
use google_cloud_secretmanager_v1::model::{SecretPayload, SecretVersion, secret_version};
use jiff::Timestamp;

/// A version's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub number: VersionNumber,
    /// Whether it can be read.
    pub state: VersionState,
    /// When it was added.
    pub created: Option<Timestamp>,
}

/// Whether a version can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionState {
    /// It can.
    Enabled,
    /// It cannot, and could be enabled again.
    Disabled,
    /// It is gone for good.
    Destroyed,
}

impl SecretManager {
    /// Adds a version with its checksum, which Secret Manager verifies. **Not repeatable**: an error of
    /// [`Kind::Unknown`] means that there may be a new version.
    pub async fn add(
        &self,
        name: &SecretName,
        payload: &Payload,
    ) -> Result<VersionNumber, SecretError> {
        let doing = Doing::new("add a version to", name);
        let client = self.client(name).await.map_err(|e| doing.build(&e))?;
        let bytes = payload.expose();
        let body = SecretPayload::new()
            .set_data(Bytes::copy_from_slice(bytes))
            .set_data_crc32c(i64::from(crc32c::crc32c(bytes)));
        let added = client
            .add_secret_version()
            .set_parent(name.to_string())
            .set_payload(body)
            .send()
            .await;
        let added = added.map_err(|error| doing.failed(&error))?;
        number(&added.name).ok_or_else(|| {
            doing.refused(format!(
                "its answer names no version: {:?}",
                added.name.chars().take(200).collect::<String>()
            ))
        })
    }

    /// Reads a version's payload by its number, the only read that Secret Manager promises to be consistent, and verifies
    /// its checksum.
    pub async fn access(
        &self,
        name: &SecretName,
        version: VersionNumber,
    ) -> Result<Payload, SecretError> {
        let version = name.version(version);
        let doing = Doing::new("read the payload of", &version);
        let client = self.client(name).await.map_err(|e| doing.build(&e))?;
        let read = client.access_secret_version().set_name(&version).send();
        let read = read.await.map_err(|error| doing.failed(&error))?;
        let payload = read.payload.unwrap_or_default();
        let sum = payload.data_crc32c;
        let payload = Payload::new(payload.data.into());
        if sum.is_some_and(|sum| sum != i64::from(crc32c::crc32c(payload.expose()))) {
            return Err(doing.unavailable("its bytes were damaged on the way (CRC32C)"));
        }
        Ok(payload)
    }

    /// The newest version, whatever its state: the one that `latest` names.
    pub async fn newest(&self, name: &SecretName) -> Result<Option<Version>, SecretError> {
        Ok(self.list(name, "", 1).await?.into_iter().next())
    }

    /// The newest version that can be read.
    pub async fn newest_enabled(&self, name: &SecretName) -> Result<Option<Version>, SecretError> {
        Ok(self
            .list(name, "state:ENABLED", 1)
            .await?
            .into_iter()
            .next())
    }

    /// Up to `limit` versions that `filter` lets through, the newest first.
    async fn list(
        &self,
        name: &SecretName,
        filter: &str,
        limit: i32,
    ) -> Result<Vec<Version>, SecretError> {
        let doing = Doing::new("list the versions of", name);
        let client = self.client(name).await.map_err(|e| doing.build(&e))?;
        let listed = client
            .list_secret_versions()
            .set_parent(name.to_string())
            .set_filter(filter)
            .set_page_size(limit)
            .send()
            .await;
        let listed = listed.map_err(|error| doing.failed(&error))?;
        Ok(listed.versions.iter().filter_map(understood).collect())
    }

    /// Up to a hundred of the newest versions that have not been destroyed.
    pub async fn remaining(&self, name: &SecretName) -> Result<Vec<Version>, SecretError> {
        self.list(name, "NOT state:DESTROYED", 100).await
    }

    /// The metadata of one version.
    pub async fn version(
        &self,
        name: &SecretName,
        version: VersionNumber,
    ) -> Result<Version, SecretError> {
        let full = name.version(version);
        let doing = Doing::new("look at", &full);
        let client = self.client(name).await.map_err(|e| doing.build(&e))?;
        let got = client.get_secret_version().set_name(&full).send().await;
        let got = got.map_err(|error| doing.failed(&error))?;
        understood(&got).ok_or_else(|| doing.refused("its answer names no version".to_owned()))
    }

    /// Takes a version out of use. One that is destroyed already is out of use.
    pub async fn disable(
        &self,
        name: &SecretName,
        version: VersionNumber,
    ) -> Result<(), SecretError> {
        let full = name.version(version);
        let doing = Doing::new("disable", &full);
        let client = self.client(name).await.map_err(|e| doing.build(&e))?;
        let sent = client.disable_secret_version().set_name(&full);
        let sent = sent.with_idempotency(true).send().await;
        let sent = sent.map_err(|error| doing.failed(&error));
        self.settle(name, version, sent).await
    }

    /// Destroys a version, at once or after the secret's `version_destroy_ttl`. Done already is done.
    pub async fn destroy(
        &self,
        name: &SecretName,
        version: VersionNumber,
    ) -> Result<(), SecretError> {
        let full = name.version(version);
        let doing = Doing::new("destroy", &full);
        let client = self.client(name).await.map_err(|e| doing.build(&e))?;
        let sent = client.destroy_secret_version().set_name(&full);
        let sent = sent.with_idempotency(true).send().await;
        let sent = sent.map_err(|error| doing.failed(&error));
        self.settle(name, version, sent).await
    }

    /// A version that is destroyed, scheduled to be, or was never there has nothing left to take out of use; the refusal
    /// is believed once the version has been seen.
    async fn settle(
        &self,
        name: &SecretName,
        version: VersionNumber,
        sent: Result<SecretVersion, SecretError>,
    ) -> Result<(), SecretError> {
        match sent {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::NotFound => Ok(()),
            Err(error) if error.kind() == Kind::WrongState => {
                let seen = self.version(name, version).await?;
                match seen.state {
                    VersionState::Enabled => Err(error),
                    VersionState::Disabled | VersionState::Destroyed => Ok(()),
                }
            }
            Err(error) => Err(error),
        }
    }
}

fn understood(version: &SecretVersion) -> Option<Version> {
    Some(Version {
        number: number(&version.name)?,
        state: match version.state {
            secret_version::State::Enabled => VersionState::Enabled,
            secret_version::State::Destroyed => VersionState::Destroyed,
            // Whatever Google adds cannot be read, as far as we know.
            _ => VersionState::Disabled,
        },
        created: version.create_time.as_ref().and_then(instant),
    })
}

fn number(name: &str) -> Option<VersionNumber> {
    let (_, number) = name.rsplit_once("/versions/")?;
    number.parse().ok().map(VersionNumber)
}
