//! Secret Manager: where secrets, candidates and the state of their rotation are kept.
//!
//! | call | repeatable | what an answer that got lost means |
//! | --- | --- | --- |
//! | get, access, list | yes | ask again |
//! | patch under an etag | yes | the repetition reports a mismatch: read, and see whether it was ours |
//! | add a version | **no**: it takes neither an etag nor a request id | there may be one version more |
//! | disable, destroy | yes | done already is done |

mod error;
mod name;
mod secret;
mod versions;

pub use error::{Kind, SecretError};
pub use name::{BadSecretName, SecretName};
pub use secret::{Schedule, Secret};
pub use versions::{Version, VersionState};

use crate::rotation::State;
use error::Doing;
use google_cloud_gax::{client_builder, options::RequestOptionsBuilder};
use google_cloud_secretmanager_v1::{client::SecretManagerService, model};
use google_cloud_wkt::FieldMask;
use nightshift_runtime::gcp::Gcp;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// Google's clients, one for each place that secrets are kept in: global ones, and those of each region. Clones share them.
#[derive(Clone)]
pub struct SecretManager {
    gcp: Gcp,
    clients: Arc<Mutex<BTreeMap<Option<String>, SecretManagerService>>>,
}

/// What came of a conditional write.
pub enum Written {
    /// It was made, and this is the secret now.
    Done(Box<Secret>),
    /// The secret has changed since it was read, possibly by this very write, whose first answer was lost.
    Conflict,
}

impl SecretManager {
    /// Clients are built when the first secret of their place is asked for.
    pub fn new(gcp: Gcp) -> Self {
        Self {
            gcp,
            clients: Arc::default(),
        }
    }

    /// Reads the secret's metadata. Its answer may be stale; only a conditional write tells the truth.
    pub async fn read(&self, name: &SecretName) -> Result<Secret, SecretError> {
        let doing = Doing::new("read the secret", name);
        let client = self.client(name).await.map_err(|e| doing.build(&e))?;
        let read = client.get_secret().set_name(name.to_string()).send().await;
        let read = read.map_err(|error| doing.failed(&error))?;
        Ok(Secret::new(name.clone(), read))
    }

    /// Writes `state`, and the aliases that it publishes if `with_aliases`, in one patch that only succeeds if nobody has
    /// written since `secret` was read.
    pub async fn write_state(
        &self,
        secret: &Secret,
        state: &State,
        with_aliases: bool,
    ) -> Result<Written, SecretError> {
        let doing = Doing::new("write the rotation state of", &secret.name);
        let text = state.to_annotation();
        let text = text.map_err(|error| doing.refused(error.to_string()))?;
        let annotations = secret.annotations_with(crate::rotation::state::STATE_ANNOTATION, text);
        let aliases = with_aliases.then(|| secret.aliases_with(state));
        self.patch(secret, annotations, aliases, &doing).await
    }

    /// Sets or removes one annotation, under the same condition.
    pub async fn annotate(
        &self,
        secret: &Secret,
        key: &str,
        value: Option<String>,
    ) -> Result<Written, SecretError> {
        let doing = Doing::new("annotate", &secret.name);
        let annotations = match value {
            Some(value) => secret.annotations_with(key, value),
            None => secret.annotations_without(key),
        };
        self.patch(secret, annotations, None, &doing).await
    }

    /// Which of `permissions` we have on the secret. Of one that does not exist, none; and the API warns that it may err on
    /// the side of yes.
    pub async fn permitted(
        &self,
        name: &SecretName,
        permissions: &[&str],
    ) -> Result<Vec<String>, SecretError> {
        let doing = Doing::new("ask for our rights on", name);
        let client = self.client(name).await.map_err(|e| doing.build(&e))?;
        let asked = client
            .test_iam_permissions()
            .set_resource(name.to_string())
            .set_permissions(permissions.iter().copied())
            .send()
            .await;
        let answer = asked.map_err(|error| doing.failed(&error))?;
        Ok(answer.permissions)
    }

    /// Maps are replaced whole, so both hold what others have put there as well.
    async fn patch(
        &self,
        secret: &Secret,
        annotations: HashMap<String, String>,
        aliases: Option<HashMap<String, i64>>,
        doing: &Doing<'_>,
    ) -> Result<Written, SecretError> {
        if secret.etag().is_empty() {
            // An empty one would be no condition at all.
            return Err(doing.refused("the secret was read without an etag".to_owned()));
        }
        let mut paths = vec!["annotations"];
        let mut change = model::Secret::new()
            .set_name(secret.name.to_string())
            .set_etag(secret.etag())
            .set_annotations(annotations);
        if let Some(aliases) = aliases {
            paths.push("version_aliases");
            change = change.set_version_aliases(aliases);
        }
        let client = self
            .client(&secret.name)
            .await
            .map_err(|e| doing.build(&e))?;
        let sent = client
            .update_secret()
            .set_secret(change)
            .set_update_mask(FieldMask::default().set_paths(paths))
            .with_idempotency(true)
            .send()
            .await;
        match sent.map_err(|error| doing.failed(&error)) {
            Ok(changed) => Ok(Written::Done(Box::new(Secret::new(
                secret.name.clone(),
                changed,
            )))),
            Err(error) if error.kind() == Kind::EtagMismatch => Ok(Written::Conflict),
            Err(error) => Err(error),
        }
    }

    async fn client(
        &self,
        name: &SecretName,
    ) -> Result<SecretManagerService, client_builder::Error> {
        let place = name.location().map(ToOwned::to_owned);
        if let Some(client) = self.lock().get(&place) {
            return Ok(client.clone());
        }
        let mut builder = self.gcp.client(SecretManagerService::builder());
        if let (Some(location), None) = (&place, self.gcp.endpoint()) {
            builder = builder.with_endpoint(format!(
                "https://secretmanager.{location}.rep.googleapis.com"
            ));
        }
        let built = builder.build().await?;
        Ok(self.lock().entry(place).or_insert(built).clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Option<String>, SecretManagerService>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
