//! Who may wake us: ID tokens that Google signs for the service account of a subscription or a schedule, or for a person.
//!
//! | mode | the signature is checked | for |
//! | --- | --- | --- |
//! | `iam` | by Cloud Run, before the request reaches us | a Cloud Run service that requires authentication |
//! | `verify` | here, with Google's published keys | any other place |
//! | `none` | not at all | one's own machine: refused on an address that others reach |
//!
//! Either way the claims are checked here: issuer, audience, times, and a verified e-mail address that is on the list.
//! Anyone can have Google sign a token for any audience, so an audience alone proves nothing about who calls.

mod claims;
mod error;
mod keys;
mod token;

pub use error::{AuthError, Rejection};

use crate::{Clock, SystemClock};
use claims::Rules;
use http::{HeaderMap, HeaderName, header::AUTHORIZATION};
use keys::Keys;
use std::{net::SocketAddr, sync::Arc};
use token::Token;
use tracing::warn;

/// Where Google publishes the keys that it signs ID tokens with.
pub const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// The same keys of a stand-in for Google, under its endpoint.
const LOCAL_KEYS: &str = "/oauth2/v3/certs";

/// The token that Cloud Run checks in place of the one in `Authorization`, if both are there.
const SERVERLESS_AUTHORIZATION: HeaderName = HeaderName::from_static("x-serverless-authorization");

/// The options of `serve` that say who may call.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Callers")]
// Several of these meet in one command, where clap would call each group `Options`.
#[group(skip)]
pub struct Options {
    /// How callers are checked; without, nobody is, which only a loopback address allows
    #[arg(long = "auth", env = "NIGHTSHIFT_AUTH", value_enum)]
    pub mode: Option<Mode>,

    /// Audience that a caller's token must name: the URL of this service, as subscription and schedule have it
    #[arg(
        long = "audience",
        env = "NIGHTSHIFT_AUDIENCES",
        value_delimiter = ',',
        value_name = "URL"
    )]
    pub audiences: Vec<String>,

    /// E-mail address of an account that may call
    #[arg(
        long = "caller",
        env = "NIGHTSHIFT_CALLERS",
        value_delimiter = ',',
        value_name = "EMAIL"
    )]
    pub callers: Vec<String>,

    /// Endpoint of a stand-in for Google whose keys are trusted in place of Google's
    // Another group of options has an `endpoint` too.
    #[arg(
        id = "auth_endpoint",
        long,
        env = "NIGHTSHIFT_GCP_ENDPOINT",
        hide = true
    )]
    pub endpoint: Option<String>,
}

/// How callers are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Cloud Run has checked the token's signature: check what it says
    Iam,
    /// Check the token's signature and what it says
    Verify,
    /// Anyone may call
    None,
}

/// Lets callers in, or says why not.
pub struct Guard {
    check: Check,
    clock: Arc<dyn Clock>,
}

enum Check {
    Nothing,
    Claims(Rules),
    SignatureAndClaims(Rules, Keys),
}

/// Who calls: the verified e-mail address, or `None` where nobody is checked.
pub type Caller = Option<Arc<str>>;

impl Guard {
    /// The guard for a service that listens on `address`. Refuses to let everybody in from outside this machine.
    pub fn new(options: &Options, address: SocketAddr) -> Result<Self, AuthError> {
        let on_cloud_run = std::env::var_os("K_SERVICE").is_some();
        Self::at(options, address, on_cloud_run, Arc::new(SystemClock))
    }

    fn at(
        options: &Options,
        address: SocketAddr,
        on_cloud_run: bool,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AuthError> {
        let loopback = address.ip().is_loopback();
        let check = match options.mode {
            None | Some(Mode::None) if !loopback => {
                return Err(AuthError::OpenToAnyone { address });
            }
            None | Some(Mode::None) => {
                warn!(%address, "callers are not checked: anyone on this machine may call");
                Check::Nothing
            }
            // Without Cloud Run in front, nobody has looked at the signature.
            Some(Mode::Iam) if !loopback && !on_cloud_run => {
                return Err(AuthError::NotOnCloudRun { address });
            }
            Some(Mode::Iam) => Check::Claims(Rules::new(options)?),
            Some(Mode::Verify) => {
                let url = match &options.endpoint {
                    Some(endpoint) => format!("{}{LOCAL_KEYS}", endpoint.trim_end_matches('/')),
                    None => GOOGLE_KEYS.to_owned(),
                };
                let keys = Keys::at(&url, clock.clone())?;
                Check::SignatureAndClaims(Rules::new(options)?, keys)
            }
        };
        Ok(Self { check, clock })
    }

    /// The same guard with another clock, for tests of what time does to tokens and keys.
    ///
    /// Keys that were fetched are forgotten.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let check = match self.check {
            Check::SignatureAndClaims(rules, keys) => {
                Check::SignatureAndClaims(rules, keys.with_clock(clock.clone()))
            }
            other => other,
        };
        Self { check, clock }
    }

    /// Whether the sender of a request with these headers may call.
    pub async fn check(&self, headers: &HeaderMap) -> Result<Caller, Rejection> {
        let (rules, keys) = match &self.check {
            Check::Nothing => return Ok(None),
            Check::Claims(rules) => (rules, None),
            Check::SignatureAndClaims(rules, keys) => (rules, Some(keys)),
        };
        // Cloud Run looks at one of the two headers, so we must look at the same; nobody has checked the other.
        let header = match keys {
            None if headers.contains_key(SERVERLESS_AUTHORIZATION) => SERVERLESS_AUTHORIZATION,
            _ => AUTHORIZATION,
        };
        let token = Token::read(bearer(headers, &header)?)?;
        if let Some(keys) = keys {
            let key = keys.find(&token.key_id).await?;
            token.check_signature(&key)?;
        }
        rules.check(token.claims, self.clock.now()).map(Some)
    }
}

/// The token of the one `header` there is.
fn bearer<'a>(headers: &'a HeaderMap, header: &HeaderName) -> Result<&'a str, Rejection> {
    let mut values = headers.get_all(header).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Rejection::NoToken);
    };
    let text = value.to_str().map_err(|_| Rejection::NoToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(Rejection::NoToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Rejection::NoToken);
    }
    Ok(token.trim())
}

#[cfg(test)]
mod tests;
