//! What `object_store` leaves out for Cloud Storage: `x-goog-hash: crc32c=…` both ways, and another try after a connection was
//! lost.

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
        HttpService, ReqwestConnector,
    },
};

/// Travels in a request's extensions to its header, and from an answer's header to its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crc32c(pub(super) u32);

const HEADER: &str = "x-goog-hash";

#[derive(Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Service(inner)))
    }
}

#[derive(Debug)]
struct Service(HttpClient);

#[async_trait]
impl HttpService for Service {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if let Some(Crc32c(crc)) = request.extensions().get().copied() {
            let value = format!("crc32c={}", BASE64.encode(crc.to_be_bytes()));
            if let Ok(value) = value.parse() {
                request.headers_mut().insert(HEADER, value);
            }
        }
        let mut response = self.0.execute(request).await.map_err(repeatable)?;
        let mut sent = response.headers().get_all(HEADER).iter();
        if let Some(crc) = sent.find_map(|value| parse(value.to_str().ok()?)) {
            response.extensions_mut().insert(crc);
        }
        Ok(response)
    }
}

/// An answer that never came does not tell whether the request was carried out. `object_store` repeats neither a create nor a
/// deletion then; every request of [`Store`](super::Store) may be: what a create finds in its place is compared with what it
/// brought, what a deletion does not find counts as deleted, and only its owner writes an object again.
fn repeatable(error: HttpError) -> HttpError {
    match error.kind() {
        // Taken for "never sent", which `object_store` repeats.
        HttpErrorKind::Timeout | HttpErrorKind::Interrupted => {
            HttpError::new(HttpErrorKind::Request, error)
        }
        _ => error,
    }
}

/// Reads `crc32c=n03x6A==` or `crc32c=n03x6A==,md5=…`.
fn parse(header: &str) -> Option<Crc32c> {
    let encoded = header
        .split(',')
        .find_map(|part| part.trim().strip_prefix("crc32c="))?;
    let bytes = BASE64.decode(encoded).ok()?;
    Some(Crc32c(u32::from_be_bytes(bytes.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_found_beside_others_and_nonsense_is_ignored() {
        assert_eq!(
            parse("crc32c=n03x6A==,md5=Ojk9c3dhfxgoKVVHYwFbHQ=="),
            Some(Crc32c(0x9f4d_f1e8))
        );
        assert_eq!(
            parse("md5=Ojk9c3dhfxgoKVVHYwFbHQ==, crc32c=AAAAAA=="),
            Some(Crc32c(0))
        );
        assert_eq!(parse("crc32c=%%"), None);
        assert_eq!(parse("crc32c=AAAA"), None);
    }
}
