//! Buckets, with the credentials that the other clients use.

use super::Gcp;
use async_trait::async_trait;
use google_cloud_auth::credentials::{CacheableResource, Credentials};
use http::{Extensions, header::AUTHORIZATION};
use object_store::{
    ClientOptions, CredentialProvider,
    gcp::{GcpCredential, GoogleCloudStorageBuilder},
};
use std::{sync::Arc, time::Duration};

/// For one request with its body: objects have up to 64 MiB, and a slow line takes its time.
const REQUEST: Duration = Duration::from_mins(2);

impl Gcp {
    /// The builder of a store for `bucket`.
    pub fn bucket(&self, bucket: &str) -> GoogleCloudStorageBuilder {
        let options = ClientOptions::new()
            .with_timeout(REQUEST)
            .with_allow_http(self.endpoint.is_some());
        let builder = GoogleCloudStorageBuilder::new()
            .with_bucket_name(bucket)
            .with_client_options(options)
            .with_credentials(Arc::new(Shared(self.credentials.clone())));
        match &self.endpoint {
            Some(endpoint) => builder.with_base_url(endpoint),
            None => builder,
        }
    }
}

#[derive(Debug)]
struct Shared(Credentials);

/// Why there is no token for a bucket.
#[derive(Debug, thiserror::Error)]
#[error("the credentials give no bearer token")]
struct NoToken;

#[async_trait]
impl CredentialProvider for Shared {
    type Credential = GcpCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<GcpCredential>> {
        let failed = |source| object_store::Error::Generic {
            store: "GCS",
            source,
        };
        let headers = self.0.headers(Extensions::new()).await;
        let CacheableResource::New { data, .. } = headers.map_err(|error| failed(error.into()))?
        else {
            return Err(failed(NoToken.into()));
        };
        let bearer = data
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or_else(|| failed(NoToken.into()))?;
        let bearer = bearer.to_owned();
        Ok(Arc::new(GcpCredential { bearer }))
    }
}
