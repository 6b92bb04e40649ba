//! A token for a stand-in that looks at none.

use google_cloud_auth::{
    credentials::{CacheableResource, Credentials, CredentialsProvider, EntityTag},
    errors::CredentialsError,
};
use http::{Extensions, HeaderMap, HeaderValue, header::AUTHORIZATION};

/// Not a secret: whoever reaches the stand-in may do anything there.
const BEARER: HeaderValue = HeaderValue::from_static("Bearer local");

/// Credentials that ask nobody. Real ones must never reach the stand-in.
pub(super) fn meaningless() -> Credentials {
    Credentials::from(Meaningless(EntityTag::new()))
}

#[derive(Debug)]
struct Meaningless(EntityTag);

impl CredentialsProvider for Meaningless {
    async fn headers(
        &self,
        extensions: Extensions,
    ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        if extensions.get::<EntityTag>() == Some(&self.0) {
            return Ok(CacheableResource::NotModified);
        }
        Ok(CacheableResource::New {
            entity_tag: self.0.clone(),
            data: HeaderMap::from_iter([(AUTHORIZATION, BEARER)]),
        })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}
