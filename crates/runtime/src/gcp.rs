//! Google's own clients, all built alike: one cache of credentials, one policy of retries, one switch to a stand-in.
//!
//! ```no_run
//! # async fn build() -> Result<(), Box<dyn std::error::Error>> {
//! # type SecretManagerService = google_cloud_secretmanager_v1::client::SecretManagerService;
//! use nightshift_runtime::gcp::{self, Gcp};
//!
//! let gcp = Gcp::from_options(&gcp::Options::default())?;
//! let secrets = gcp.client(SecretManagerService::builder()).build().await?;
//! # Ok(()) }
//! ```
//!
//! Reads, and writes that HTTP calls repeatable (`PUT`, `DELETE`), are tried again. `POST` and `PATCH` are tried again only
//! where Google has certainly not begun (429, no connection), or where the caller has said with `.with_idempotency(true)`
//! that doing it twice is the same as doing it once.

mod policy;
#[cfg(feature = "storage")]
mod storage;
mod token;

use crate::{RetryPolicy, endpoint};
use google_cloud_auth::{
    build_errors,
    credentials::{Builder as DefaultCredentials, Credentials},
};
use google_cloud_gax::client_builder::ClientBuilder;
use std::time::Duration;

/// The environment variable that points every client at a stand-in for Google.
pub const ENDPOINT_VARIABLE: &str = "NIGHTSHIFT_GCP_ENDPOINT";

/// How long one attempt may take. Google's slowest answer among those we ask for takes some seconds.
const ATTEMPT: Duration = Duration::from_secs(20);

/// The options of every command that asks Google.
#[derive(Debug, Clone, Default, clap::Args)]
// Several of these meet in one command, where clap would call each group `Options`.
#[group(skip)]
pub struct Options {
    /// Endpoint of a stand-in for Google that every client asks, such as <http://127.0.0.1:9099>
    #[arg(
        long = "gcp-endpoint",
        env = ENDPOINT_VARIABLE,
        value_name = "URL",
        global = true
    )]
    pub endpoint: Option<String>,
}

/// Whether `name` is `projects/PROJECT/KIND/NAME`.
pub fn is_resource(name: &str, kind: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    matches!(parts[..], ["projects", project, found, id]
        if found == kind && !project.is_empty() && !id.is_empty())
}

/// Why no client can be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GcpError {
    /// Secrets would cross a network unprotected.
    #[error(
        "`{ENDPOINT_VARIABLE}` is {found:?}, expected https, or http on a loopback address such as http://127.0.0.1:9099"
    )]
    UnsafeEndpoint {
        /// What is there.
        found: String,
    },
    /// There are no credentials, or they cannot be read.
    #[error(
        "find credentials for Google Cloud: outside of it, `gcloud auth application-default login` makes some"
    )]
    Credentials(#[source] build_errors::Error),
}

/// What all clients have in common. Clones share the same credentials and their cache.
#[derive(Debug, Clone)]
pub struct Gcp {
    credentials: Credentials,
    endpoint: Option<String>,
    retry: RetryPolicy,
    attempt: Duration,
}

impl Gcp {
    /// Google itself with the application's default credentials, or the stand-in that `options` name with a token that
    /// means nothing.
    ///
    /// Must be called within a tokio runtime: the credentials are kept fresh by a task.
    pub fn from_options(options: &Options) -> Result<Self, GcpError> {
        match options
            .endpoint
            .as_deref()
            .map(|url| url.trim_end_matches('/'))
        {
            None | Some("") => {
                let credentials = DefaultCredentials::default().build();
                Ok(Self::new(credentials.map_err(GcpError::Credentials)?, None))
            }
            Some(url) if endpoint::is_safe(url) => {
                Ok(Self::new(token::meaningless(), Some(url.to_owned())))
            }
            Some(url) => Err(GcpError::UnsafeEndpoint {
                found: url.to_owned(),
            }),
        }
    }

    /// Clients with these credentials, at `endpoint` if one is given.
    pub fn new(credentials: Credentials, endpoint: Option<String>) -> Self {
        Self {
            credentials,
            endpoint,
            retry: RetryPolicy::default(),
            attempt: ATTEMPT,
        }
    }

    /// The same with another policy of retries.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// The same with another limit of one attempt's time.
    #[must_use]
    pub fn with_attempt_timeout(self, attempt: Duration) -> Self {
        Self { attempt, ..self }
    }

    /// `builder` with our credentials, endpoint and retries, for any of the `google-cloud-*` clients.
    pub fn client<F>(
        &self,
        builder: ClientBuilder<F, Credentials>,
    ) -> ClientBuilder<F, Credentials> {
        let builder = builder
            .with_credentials(self.credentials.clone())
            .with_attempt_timeout(self.attempt)
            .with_retry_policy(policy::retry(&self.retry))
            .with_backoff_policy(policy::Backoff(self.retry));
        match &self.endpoint {
            Some(endpoint) => builder.with_endpoint(endpoint),
            None => builder,
        }
    }

    /// The credentials, for clients that are built in another way.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Where the stand-in is, if it is one that we ask.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }
}
