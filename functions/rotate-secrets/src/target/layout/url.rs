//! A connection URL with user and password in front of the host.

use super::{Credential, Login, Misfit, Place};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, zeroize::Zeroizing};

/// Everything but RFC 3986's unreserved characters: no reader can take a part of a password for a delimiter.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `scheme://user:password@hosts/path?query`, in its parts and still encoded.
pub(super) struct ConnectionUrl<'a> {
    /// With `://`.
    scheme: &'a str,
    user: &'a str,
    password: &'a str,
    /// Host and port, or several with commas between them.
    hosts: &'a str,
    /// From the `/` or `?` on.
    rest: &'a str,
}

impl<'a> ConnectionUrl<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Misfit> {
        let misfit = |why: &str| Misfit(format!("{why}, expected scheme://user:password@host/…"));
        let end = text.find("://").ok_or_else(|| misfit("it is not a URL"))?;
        let (scheme, after) = text.split_at(end + 3);
        let authority = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at(authority);
        let (user_info, hosts) = authority
            .rsplit_once('@')
            .ok_or_else(|| misfit("the URL names no user and password"))?;
        let (user, password) = user_info
            .split_once(':')
            .ok_or_else(|| misfit("the URL names no password"))?;
        if user.is_empty() || password.is_empty() {
            return Err(misfit("the URL names no user or no password"));
        }
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        let keys = ["password=", "user="];
        if query
            .split('&')
            .any(|pair| keys.iter().any(|key| pair.starts_with(key)))
        {
            return Err(misfit(
                "the URL names user or password a second time, as a parameter",
            ));
        }
        Ok(Self {
            scheme,
            user,
            password,
            hosts,
            rest,
        })
    }

    pub(super) fn login(&self) -> Result<Login, Misfit> {
        let path = self.rest.split(['?', '#']).next().unwrap_or_default();
        let database = path.trim_start_matches('/');
        Ok(Login {
            user: Some(decoded(self.user)?.to_string()),
            password: decoded(self.password)?.as_str().into(),
            places: vec![Place {
                database: none_if_empty(&decoded(database)?),
                ..self.host()?
            }],
        })
    }

    fn host(&self) -> Result<Place, Misfit> {
        // Several hosts are compared as they are written. A colon within brackets belongs to an IPv6 address.
        let (host, port) = match self.hosts.rsplit_once(':') {
            Some((host, port)) if !self.hosts.contains(',') && !port.contains(']') => {
                let port = port.parse();
                let port = port.map_err(|_| Misfit("the URL's port is not a port".to_owned()))?;
                (host, Some(port))
            }
            _ => (self.hosts, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(Place {
            host: none_if_empty(&decoded(host)?),
            port,
            database: None,
        })
    }

    /// The same URL with another credential.
    pub(super) fn with(&self, credential: Credential<'_>) -> Zeroizing<String> {
        let password = credential.password.expose_secret();
        let user = credential.user.map(encoded);
        let parts = [
            self.scheme,
            user.as_ref().map_or(self.user, |user| user.as_str()),
            ":",
            &encoded(password),
            "@",
            self.hosts,
            self.rest,
        ];
        let room = parts.iter().map(|part| part.len()).sum();
        let mut url = Zeroizing::new(String::with_capacity(room));
        for part in parts {
            url.push_str(part);
        }
        url
    }
}

fn encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(3 * text.len()));
    encoded.extend(utf8_percent_encode(text, RESERVED));
    encoded
}

fn decoded(text: &str) -> Result<Zeroizing<String>, Misfit> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| Misfit("the URL is not UTF-8 when decoded".to_owned()))?;
    Ok(Zeroizing::new(decoded.into_owned()))
}

fn none_if_empty(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}
