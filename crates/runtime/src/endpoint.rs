//! Where a stand-in for Google may be.

use http::Uri;
use std::net::IpAddr;

/// Whether what is sent to `url` stays on this machine, or is protected on its way.
pub(crate) fn is_safe(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let loopback = host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => loopback,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_is_protected() {
        for (url, safe) in [
            ("http://127.0.0.1:9099", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:9099/", true),
            ("http://localhost:9099", true),
            ("https://stand-in.example", true),
            ("http://stand-in.example", false),
            ("http://10.0.0.1:9099", false),
            ("http://127.0.0.1.example", false),
            ("http://127.0.0.1@stand-in.example", false),
            (r"http://127.0.0.1\@stand-in.example", false),
            ("http://localhost.example", false),
            ("ftp://127.0.0.1", false),
            ("127.0.0.1:9099", false),
            ("https://", false),
            ("", false),
        ] {
            assert_eq!(is_safe(url), safe, "{url}");
        }
    }
}
