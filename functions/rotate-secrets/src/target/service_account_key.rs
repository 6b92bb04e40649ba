//! The key file of a Google service account, with a key of our own making.
//!
//! Google's `keys.create` returns a private key once: whoever dies before storing it leaves a key that nobody can use or
//! recognise. So the key pair is made here, is durable in Secret Manager before Google knows of it, and only its public
//! half, in a certificate, is uploaded. The private key never crosses the wire to IAM.
//!
//! Better than any key is none: workloads on Google Cloud, and most elsewhere (workload identity federation), need no key
//! file. This is for the rest.

mod certificate;
mod config;
mod token;

pub use config::ServiceAccountKeyConfig;

use super::{
    Created, Finding, Overlap, Probe, Surroundings, Target, TargetError, Test,
    google::{Api, CallError},
    key_pair::{Algorithm, KeyPair},
    layout::{Edits, Misfit},
};
use crate::{payload::Payload, rotation::state::OperationId};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use secrecy::zeroize::Zeroizing;
use serde_json::{Value, json};
use token::{Minted, TokenEndpoint};

/// Google's limit of keys of one account.
const MAX_KEYS: usize = 10;

pub(super) struct ServiceAccountKey {
    config: ServiceAccountKeyConfig,
    api: Api,
    tokens: TokenEndpoint,
}

/// A key file that has been read. Not printable.
struct KeyFile {
    id: String,
    private_key: Zeroizing<String>,
    /// None of a file that Google made.
    certificate: Option<String>,
}

impl ServiceAccountKey {
    pub(super) fn new(
        config: ServiceAccountKeyConfig,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, TargetError> {
        Ok(Self {
            config,
            api: Api::new(surroundings.gcp.clone(), "https://iam.googleapis.com")?,
            tokens: TokenEndpoint::new(surroundings.gcp)?,
        })
    }

    fn read(&self, payload: &Payload) -> Result<KeyFile, Misfit> {
        let file = Edits::of(payload)?;
        if file.read("client_email")?.as_str() != self.config.account {
            let account = &self.config.account;
            return Err(Misfit::new(format!(
                "it is a key of another account than {account}"
            )));
        }
        Ok(KeyFile {
            id: file.read("private_key_id")?.to_string(),
            private_key: file.read("private_key")?,
            certificate: file.read("certificate").ok().map(|pem| pem.to_string()),
        })
    }

    fn keys(&self) -> String {
        format!(
            "/v1/projects/-/serviceAccounts/{}/keys",
            self.config.account
        )
    }

    /// The ids of the account's own keys.
    async fn list(&self) -> Result<Vec<String>, CallError> {
        let path = format!("{}?keyTypes=USER_MANAGED", self.keys());
        let listed = self.api.get(&path).await?;
        let none = Vec::new();
        let keys = listed["keys"].as_array().unwrap_or(&none);
        Ok(keys.iter().filter_map(id_of).collect())
    }

    /// What became of an attempt to get a token with this key, as an application gets one.
    async fn mint(&self, payload: &Payload) -> Result<Minted, Misfit> {
        let file = self.read(payload)?;
        let pair = KeyPair::from_pem(&file.private_key);
        let pair =
            pair.ok_or_else(|| Misfit::new("field `private_key` holds no private key".to_owned()))?;
        Ok(self
            .tokens
            .mint(&self.config.account, &file.id, &pair)
            .await)
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} of {}", self.config.account)
    }
}

/// The last part of a key's name.
fn id_of(key: &Value) -> Option<String> {
    let name = key["name"].as_str()?;
    name.rsplit('/').next().map(str::to_owned)
}

#[async_trait]
impl Target for ServiceAccountKey {
    fn kind(&self) -> &'static str {
        "service-account-key"
    }

    fn place(&self) -> String {
        format!("keys of {}", self.config.account)
    }

    fn overlap(&self) -> Overlap {
        Overlap::Both
    }

    fn revokes(&self) -> bool {
        true
    }

    async fn create(
        &self,
        base: Option<&Payload>,
        _operation: &OperationId,
    ) -> Result<Created, TargetError> {
        let failed = |why: &str| TargetError::Unreachable(format!("make a key: {why}"));
        let pair = KeyPair::generate(Algorithm::Rsa2048).map_err(|_| failed("RSA"))?;
        let pem = pair.pem();
        let certificate = certificate::certify(&pem, self.config.valid_days)
            .ok_or_else(|| failed("its certificate"))?;
        let mut file = match base {
            Some(base) => {
                self.read(base)?;
                Edits::of(base)?
            }
            None => {
                let mut file = Edits::new_object();
                file.text("type", "service_account")?;
                file.text("project_id", self.config.project())?;
                file.text("client_email", &self.config.account)?;
                file.text("token_uri", token::GOOGLE)?;
                file
            }
        };
        file.text("private_key_id", &certificate.thumbprint)?;
        file.text("private_key", &pem)?;
        file.text("certificate", &certificate.pem)?;
        Ok(Created {
            payload: file.finish()?,
            slot: None,
        })
    }

    async fn probe(&self, credential: &Payload) -> Probe {
        match self.mint(credential).await {
            Ok(Minted::Token) => Probe::Works,
            Ok(Minted::Rejected(why)) => Probe::Rejected { why },
            Ok(Minted::Unreachable(why)) => Probe::Unreachable { why },
            Err(misfit) => Probe::Unfit { why: misfit.why() },
        }
    }

    /// Uploads the certificate, unless an attempt whose answer was lost has done so.
    async fn apply(
        &self,
        credential: &Payload,
        _operation: &OperationId,
    ) -> Result<(), TargetError> {
        let file = self.read(credential)?;
        let doing = self.doing("upload a key");
        let certificate = file.certificate.ok_or_else(|| {
            TargetError::Unfit("it has no field `certificate` to upload".to_owned())
        })?;
        let keys = self.list().await;
        let keys = keys.map_err(|error| error.of_question(&doing))?;
        if keys.contains(&file.id) {
            return Ok(());
        }
        if keys.len() >= MAX_KEYS {
            return Err(TargetError::Denied(format!(
                "{doing}: it has {} keys, which is Google's limit: delete one that is not in use",
                keys.len()
            )));
        }
        let body = json!({ "publicKeyData": BASE64_STANDARD.encode(certificate) });
        let path = format!("{}:upload", self.keys());
        let uploaded = self.api.send(Method::POST, &path, &body).await;
        let uploaded = uploaded.map_err(|error| error.of_change(&doing))?;
        match id_of(&uploaded) {
            Some(id) if id == file.id => Ok(()),
            id => Err(TargetError::Denied(format!(
                "{doing}: Google calls it {}, and its file calls it {}",
                id.as_deref().unwrap_or("nothing"),
                file.id
            ))),
        }
    }

    async fn test(&self, credential: &Payload) -> Result<Test, TargetError> {
        match self.mint(credential).await? {
            Minted::Token => Ok(Test::Passed),
            Minted::Rejected(why) => Ok(Test::Failed { why }),
            Minted::Unreachable(why) => Err(TargetError::Unreachable(why)),
        }
    }

    /// Disables the key, which is the part that counts, and deletes it.
    async fn revoke(
        &self,
        credential: &Payload,
        _operation: &OperationId,
    ) -> Result<(), TargetError> {
        let key = format!("{}/{}", self.keys(), self.read(credential)?.id);
        let gone = |result: Result<Value, CallError>, doing: &str| match result {
            Err(error) if !error.is_not_found() => Err(error.of_change(&self.doing(doing))),
            _ => Ok(()),
        };
        let path = format!("{key}:disable");
        let disabled = self.api.send(Method::POST, &path, &json!({})).await;
        gone(disabled, "disable the old key")?;
        if self.config.delete {
            gone(self.api.delete(&key).await, "delete the old key")?;
        }
        Ok(())
    }

    async fn check(&self, current: Option<&Payload>) -> Vec<Finding> {
        let mut findings = vec![match self.list().await {
            Err(error) => {
                let why = error.of_question(&self.doing("list the keys"));
                Finding::error("keys", why.to_string())
            }
            Ok(keys) if keys.len() >= MAX_KEYS => Finding::error(
                "keys",
                format!(
                    "{} has {} keys, which is Google's limit: delete one that is not in use",
                    self.config.account,
                    keys.len()
                ),
            ),
            Ok(keys) => Finding::ok(
                "keys",
                format!(
                    "{} has {} of {MAX_KEYS} keys",
                    self.config.account,
                    keys.len()
                ),
            ),
        }];
        if let Some(current) = current {
            findings.push(match self.probe(current).await {
                Probe::Works => Finding::ok("login", "the published key gets tokens"),
                Probe::Rejected { why } | Probe::Unreachable { why } => {
                    Finding::error("login", format!("get a token: {why}"))
                }
                Probe::Unfit { why } => Finding::error("payload", why),
            });
        }
        findings
    }
}
