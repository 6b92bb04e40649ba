//! How a payload holds a credential: as plain text, as a connection URL, or among the fields of a JSON object.
//!
//! Only what belongs to the credential is replaced. Everything else, down to the spaces between fields, stays as somebody
//! wrote it.

mod edits;
mod json;
#[cfg(test)]
mod tests;
mod url;

pub(super) use edits::Edits;

use super::TargetError;
use crate::payload::Payload;
use json::Document;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::Deserialize;
use url::ConnectionUrl;

/// How a payload holds a credential.
///
/// ```toml
/// payload = "text"
/// payload = "url"
/// payload = { json = { user = "username", password = "password", urls = ["DATABASE_URL"] } }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// The payload is the password.
    #[default]
    Text,
    /// The payload is a URL such as `postgres://user:password@host:5432/database`, in which both are percent-encoded.
    Url,
    /// The payload is a JSON object with these fields.
    Json(Fields),
}

/// Where in a JSON object what is. A name is a field of the object, or a JSON pointer (RFC 6901) such as `/db/password`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// The password.
    #[serde(default = "password")]
    pub password: String,
    /// The user's name.
    pub user: Option<String>,
    /// The host, which must be the target's.
    pub host: Option<String>,
    /// The port, which must be the target's.
    pub port: Option<String>,
    /// The database, which must be the target's.
    pub database: Option<String>,
    /// Connection URLs that hold user and password too.
    #[serde(default)]
    pub urls: Vec<String>,
}

fn password() -> String {
    "password".to_owned()
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            password: password(),
            user: None,
            host: None,
            port: None,
            database: None,
            urls: Vec::new(),
        }
    }
}

/// What a payload says of a login. Not printable.
pub struct Login {
    /// Where the payload names one.
    pub user: Option<String>,
    /// Decoded.
    pub password: SecretString,
    /// Each host that the payload names, with its port where it names that, and each database.
    pub places: Vec<Place>,
}

/// A server as a payload names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Host name, address, or folder of a socket.
    pub host: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// Database.
    pub database: Option<String>,
}

/// The credential that a payload is to hold.
#[derive(Clone, Copy)]
pub struct Credential<'a> {
    /// The account, where the payload names it.
    pub user: Option<&'a str>,
    /// In clear.
    pub password: &'a SecretString,
}

/// Why a payload cannot be understood; names the field, and never says what it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misfit(String);

impl Misfit {
    pub(super) fn new(why: String) -> Self {
        Self(why)
    }

    pub(super) fn why(self) -> String {
        self.0
    }
}

impl From<Misfit> for TargetError {
    fn from(misfit: Misfit) -> Self {
        Self::Unfit(misfit.0)
    }
}

impl Layout {
    /// Whether a payload of this form says whose password it holds. A pair of accounts needs that.
    pub fn names_user(&self) -> bool {
        match self {
            Self::Text => false,
            Self::Url => true,
            Self::Json(fields) => fields.user.is_some(),
        }
    }

    /// What `payload` says.
    pub fn read(&self, payload: &Payload) -> Result<Login, Misfit> {
        let text = text(payload)?;
        match self {
            Self::Text if text.is_empty() => Err(Misfit("it is empty".to_owned())),
            Self::Text => Ok(Login {
                user: None,
                password: text.into(),
                places: Vec::new(),
            }),
            Self::Url => ConnectionUrl::parse(text)?.login(),
            Self::Json(fields) => fields.read(&Document::parse(text)?),
        }
    }

    /// `base` with another credential; without a base, what can be made from the credential alone.
    pub fn write(
        &self,
        base: Option<&Payload>,
        credential: Credential<'_>,
    ) -> Result<Payload, Misfit> {
        let written = match (self, base) {
            (Self::Text, _) => Zeroizing::new(credential.password.expose_secret().to_owned()),
            (Self::Url, Some(base)) => ConnectionUrl::parse(text(base)?)?.with(credential),
            (Self::Json(fields), Some(base)) => {
                fields.replace(&Document::parse(text(base)?)?, credential)?
            }
            (Self::Json(fields), None) => fields.fresh(credential)?,
            (Self::Url, None) => {
                return Err(Misfit(
                    "a URL can only be made from the one before, and that cannot be read: add a version by hand"
                        .to_owned(),
                ));
            }
        };
        Ok(Payload::new(written.as_bytes().to_vec()))
    }
}

fn text(payload: &Payload) -> Result<&str, Misfit> {
    payload
        .expose_text()
        .ok_or_else(|| Misfit("it is not UTF-8".to_owned()))
}

impl Fields {
    fn read(&self, document: &Document<'_>) -> Result<Login, Misfit> {
        let password = document.text(&self.password)?;
        let optional = |name: &Option<String>| {
            let text = name.as_deref().map(|name| document.text(name)).transpose();
            Ok(text?.map(|text| text.to_string()))
        };
        let user = optional(&self.user)?;
        let port = self.port.as_deref().map(|name| document.port(name));
        let mut places = vec![Place {
            host: optional(&self.host)?,
            port: port.transpose()?,
            database: optional(&self.database)?,
        }];
        for name in &self.urls {
            let url = document.text(name)?;
            let in_url = |Misfit(why)| Misfit(format!("field `{name}`: {why}"));
            let login = ConnectionUrl::parse(&url)
                .and_then(|url| url.login())
                .map_err(in_url)?;
            if login.password.expose_secret() != password.as_str() {
                return Err(Misfit(format!(
                    "field `{name}` and field `{}` hold different passwords",
                    self.password
                )));
            }
            if user.is_some() && login.user != user {
                return Err(Misfit(format!("field `{name}` names another user")));
            }
            places.extend(login.places);
        }
        Ok(Login {
            user,
            password: password.as_str().into(),
            places,
        })
    }

    fn replace(
        &self,
        document: &Document<'_>,
        credential: Credential<'_>,
    ) -> Result<Zeroizing<String>, Misfit> {
        let mut edits = vec![(
            document.span(&self.password)?,
            json::quoted(credential.password.expose_secret())?,
        )];
        if let (Some(name), Some(user)) = (&self.user, credential.user) {
            edits.push((document.span(name)?, json::quoted(user)?));
        }
        for name in &self.urls {
            let url = document.text(name)?;
            let url = ConnectionUrl::parse(&url)?.with(credential);
            edits.push((document.span(name)?, json::quoted(&url)?));
        }
        Ok(document.with(edits))
    }

    /// An object with nothing but the credential: all that is known when the one before cannot be read.
    fn fresh(&self, credential: Credential<'_>) -> Result<Zeroizing<String>, Misfit> {
        let rest = [&self.host, &self.port, &self.database];
        let nested = |name: &String| name.starts_with('/');
        let names = [Some(&self.password), self.user.as_ref()];
        if rest.into_iter().any(Option::is_some)
            || !self.urls.is_empty()
            || names.into_iter().flatten().any(nested)
        {
            return Err(Misfit(
                "its other fields can only be taken from the version before, and that cannot be read: add a version by \
                 hand"
                    .to_owned(),
            ));
        }
        let mut members = Vec::new();
        if let (Some(name), Some(user)) = (&self.user, credential.user) {
            members.push((name.as_str(), user));
        }
        members.push((&self.password, credential.password.expose_secret()));
        json::object(&members)
    }
}
