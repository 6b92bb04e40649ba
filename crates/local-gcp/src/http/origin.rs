//! Keeps web pages out. Whoever reaches local-gcp gets tokens and changes anything, and a browser on this machine reaches it
//! on behalf of any page that is open there: by a form or a script that posts here, which says so in `Origin`, or by a name
//! of the page's own that it lets point to 127.0.0.1 ("DNS rebinding"), which says so in `Host`. Programs send no `Origin`.

use super::{ApiError, Code, error};
use crate::app::App;
use axum::{
    body::Body,
    extract::State,
    http::{
        HeaderMap, HeaderName, Request,
        header::{HOST, ORIGIN},
        uri::{Authority, Uri},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::net::IpAddr;

/// Lets through what no page of somebody else's can have sent.
pub(crate) async fn guard(State(app): State<App>, request: Request<Body>, next: Next) -> Response {
    match check(&app, request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            tracing::warn!(method = %request.method(), path = request.uri().path(), "{}", refusal.message);
            error::google(&refusal).into_response()
        }
    }
}

fn check(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let host = host(uri, headers);
    // Who lets local-gcp be reached from elsewhere alone knows by which names that is.
    if !app.options.force_public && !host.is_empty() && !is_ours(&host, app.options.address) {
        return Err(refusal(format!(
            "local-gcp does not answer for the host {host:?}, only for loopback addresses, localhost and *.googleapis.com: a \
             web page may have let its own name point here. Ask for {}",
            app.url
        )));
    }
    match text(headers, &ORIGIN) {
        Some(origin) if !is_own(&origin, app, &host) => Err(refusal(format!(
            "local-gcp answers no web page but its own: this request comes from {origin:?}, and the console is at {}",
            app.url
        ))),
        _ => Ok(()),
    }
}

fn refusal(message: String) -> ApiError {
    ApiError::new(Code::PermissionDenied, message)
}

/// The host that a request is for, in lower case and without the port: that of the target when the request is proxied or
/// came by HTTP/2, else that of the `Host` header. Empty when there is none.
pub(crate) fn host(uri: &Uri, headers: &HeaderMap) -> String {
    if let Some(authority) = uri.authority() {
        return authority.host().to_ascii_lowercase();
    }
    let given = text(headers, &HOST).unwrap_or_default();
    match given.parse::<Authority>() {
        Ok(authority) => authority.host().to_ascii_lowercase(),
        Err(_) => given,
    }
}

/// A header's value. One that is no text is not one that we know, and stays there to be refused.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Whether nobody but this machine and Google can have that name.
fn is_ours(host: &str, own: IpAddr) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address == own,
        Err(_) => {
            matches!(host, "localhost" | "metadata" | "metadata.google.internal")
                || host.ends_with(".localhost")
                || host.ends_with(".googleapis.com")
                // gcloud's regions. No domain ends so: neither `1` nor a name with a dash and `localhost` is a top-level one.
                || host.ends_with("-127.0.0.1")
                || host.ends_with("-localhost")
        }
    }
}

/// Whether a page of this server, such as the console, asks.
fn is_own(origin: &str, app: &App, host: &str) -> bool {
    let Some(authority) = origin
        .strip_prefix("http://")
        .and_then(|authority| authority.parse::<Authority>().ok())
    else {
        return false;
    };
    let port = authority.port_u16().unwrap_or(80);
    let own = matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]")
        || app.url == origin
        || (app.options.force_public && authority.host() == host);
    own && app
        .url
        .parse::<Uri>()
        .is_ok_and(|url| url.port_u16() == Some(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str) -> HeaderMap {
        HeaderMap::from_iter([(HOST, host.parse().unwrap())])
    }

    #[test]
    fn the_host_is_read_without_its_port() {
        for (header, wanted) in [
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("Localhost", "localhost"),
            ("no host", "no host"),
        ] {
            let path = Uri::from_static("/v1/x");
            let found = host(&path, &headers(header));
            assert_eq!(found, wanted, "{header}");
        }
        let proxied = Uri::from_static("http://us-central1-127.0.0.1:80/v1/x");
        let found = host(&proxied, &headers("localhost"));
        assert_eq!(found, "us-central1-127.0.0.1");
    }

    #[test]
    fn names_that_others_can_own_are_not_ours() {
        let own = IpAddr::from([127, 0, 0, 1]);
        for host in [
            "127.0.0.1",
            "127.8.9.1",
            "[::1]",
            "localhost",
            "app.localhost",
            "run.googleapis.com",
            "europe-west1-run.googleapis.com",
            "europe-west1-127.0.0.1",
            "us-east1-localhost",
            "metadata.google.internal",
        ] {
            assert!(is_ours(host, own), "{host}");
        }
        for host in [
            "evil.example",
            "googleapis.com.evil.example",
            "evilgoogleapis.com",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.1",
            "[2001:db8::1]",
        ] {
            assert!(!is_ours(host, own), "{host}");
        }
    }
}
