//! The guard's memory: an object per budget, and an object per resource that any budget holds down.
//!
//! ```text
//! budget-guard/v1/{account}/{budget}/state.json
//! budget-guard/v1/resources/{the first 32 hexadecimal digits of the SHA-256 of the resource's name}.json
//! ```

use crate::{
    action::Resource,
    policy::Policy,
    state::{
        State,
        document::{Document, StateError},
        holders::{Held, HeldError},
    },
    store::{Store, StoreError, Version},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

const ROOT: &str = "budget-guard/v1";

/// Why memory is not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// Its place.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is there of a budget is not used.
    #[error("read `{object}`")]
    State {
        /// Where.
        object: String,
        /// Why not.
        source: StateError,
    },
    /// What is there of a resource is not used.
    #[error("read `{object}`")]
    Held {
        /// Where.
        object: String,
        /// Why not.
        source: HeldError,
    },
    /// It cannot be written as JSON.
    #[error("write the memory as JSON")]
    Json(#[from] serde_json::Error),
}

impl RepositoryError {
    /// Whether another instance has written meanwhile.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict(_)))
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Store(error) => error.advice(),
            Self::State { source, .. } => Some(source.advice()),
            Self::Held { .. } => Some(
                "put the object's previous version back; without one, set the resource by hand and delete it",
            ),
            Self::Json(_) => None,
        }
    }
}

/// The memory of all budgets of one deployment.
#[derive(Debug, Clone)]
pub struct Repository {
    store: Store,
}

impl Repository {
    /// The memory in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Its place.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What is remembered of a budget, and which version that is.
    pub async fn budget(&self, policy: &Policy) -> Result<(Document, Version), RepositoryError> {
        let object = budget_object(policy);
        let (stored, version) = self.store.read(&object).await?;
        let document = match stored {
            None => Document::new(State::default()),
            Some(stored) => Document::read(&stored).map_err(|source| RepositoryError::State {
                object: self.store.name(&object),
                source,
            })?,
        };
        Ok((document, version))
    }

    /// Writes what is to be remembered of a budget over the version that was read.
    pub async fn save(
        &self,
        policy: &Policy,
        document: &mut Document,
        over: &Version,
    ) -> Result<Version, RepositoryError> {
        document.rev += 1;
        self.write(&budget_object(policy), document, over).await
    }

    /// Whether what is remembered of a budget is still revision `rev`: whoever works on has asked before.
    pub async fn is_at(&self, policy: &Policy, rev: u64) -> Result<bool, RepositoryError> {
        Ok(self.budget(policy).await?.0.rev == rev)
    }

    /// Who holds a resource down, and which version of the record that is.
    pub async fn held(&self, resource: &Resource) -> Result<(Held, Version), RepositoryError> {
        let object = resource_object(resource);
        let (stored, version) = self.store.read(&object).await?;
        let held = match stored {
            None => Held::nobody(resource),
            Some(stored) => {
                Held::read(resource, &stored).map_err(|source| RepositoryError::Held {
                    object: self.store.name(&object),
                    source,
                })?
            }
        };
        Ok((held, version))
    }

    /// Writes who holds a resource down over the version that was read.
    pub async fn save_held(&self, held: &Held, over: &Version) -> Result<Version, RepositoryError> {
        self.write(&resource_object(&held.resource), held, over)
            .await
    }

    async fn write(
        &self,
        object: &str,
        memory: &impl Serialize,
        over: &Version,
    ) -> Result<Version, RepositoryError> {
        let stored = serde_json::to_vec_pretty(memory)?;
        Ok(self.store.write(object, stored.into(), over).await?)
    }

    /// The address of a budget's memory.
    pub fn name(&self, policy: &Policy) -> String {
        self.store.name(&budget_object(policy))
    }
}

fn budget_object(policy: &Policy) -> String {
    format!("{ROOT}/{}/{}/state.json", policy.account, policy.budget)
}

fn resource_object(resource: &Resource) -> String {
    let hash = hex::encode(Sha256::digest(resource.to_string()));
    format!("{ROOT}/resources/{}.json", &hash[..32])
}
